import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type ClickHouse,
  migrate,
  openClickHouse,
  type ProfileFilter,
  rangeVersions,
} from '@everflame/storage';
import { freshDatabase, startTestClickHouse } from '@everflame/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { VersionBatches } from '../src/application/cache/version-batches.ts';
import { RecordingProxy } from './support/recording-proxy.ts';

const HOUR = 3_600_000;
const FIRST = 500_000 * HOUR;

function filterOf(service: string, hour = 0): ProfileFilter {
  return {
    tenant: 'default',
    profileTypeId: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
    matchers: [{ name: 'service_name', op: '=', value: service }],
    fromMs: FIRST + hour * HOUR,
    toMs: FIRST + (hour + 1) * HOUR,
  };
}

describe('VersionBatches', () => {
  const proxy = new RecordingProxy();
  const signals = new AsyncLocalStorage<AbortSignal>();
  let clickhouse: ClickHouse;
  let dispose: () => Promise<void>;
  let batches: VersionBatches;

  beforeAll(async () => {
    const server = await startTestClickHouse();
    const database = await freshDatabase(server.url);
    clickhouse = openClickHouse({
      url: await proxy.start(server.url),
      database: database.name,
      requestTimeoutMs: 30_000,
      currentSignal: () => signals.getStore(),
    });
    await migrate(clickhouse, { embedded: true });
    const text = `INSERT INTO late_hours (tenant, service, hour)
SELECT 'default', concat('service-', toString(number)), toDateTime(${FIRST / 1000}, 'UTC') FROM numbers(20)`;
    await clickhouse.command({ text, params: {} });
    dispose = async () => {
      await clickhouse.close();
      await proxy.stop();
      await database.drop();
      await server.stop();
    };
  });
  afterAll(() => dispose());
  beforeEach(() => {
    batches = new VersionBatches(clickhouse);
    proxy.bodies.length = 0;
  });

  const statements = (): number => proxy.bodies.filter((body) => body.includes('FROM late_hours')).length;

  it('asks for all that ask in one turn at once, and tells each its own', async () => {
    const filters = Array.from({ length: 20 }, (_, i) => filterOf(`service-${i}`));
    const versions = await Promise.all(filters.map((filter) => batches.versionOf(filter)));
    expect(statements()).toBe(1);
    const alone = await Promise.all(
      filters.map(async (filter) => (await rangeVersions(clickhouse, [filter]))[0]),
    );
    expect(versions.map(({ version }) => version)).toEqual(alone.map((each) => each?.version));
    expect(new Set(versions.map(({ version }) => version)).size).toBe(20);
  });

  it('asks anew for those that come while a statement runs: once for all of them', async () => {
    const first = batches.versionOf(filterOf('service-0'));
    // The statement is on its way from the next turn on.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const others = Array.from({ length: 9 }, (_, i) => batches.versionOf(filterOf(`service-${i + 1}`)));
    await Promise.all([first, ...others]);
    expect(statements()).toBe(2);
  });

  it('answers the others when the client of the first one leaves', async () => {
    const gone = new AbortController();
    const first = signals.run(gone.signal, () => batches.versionOf(filterOf('service-1')));
    const second = batches.versionOf(filterOf('service-2'));
    await new Promise((resolve) => setImmediate(resolve));
    gone.abort();
    expect((await first).version).toBe((await batches.versionOf(filterOf('service-1'))).version);
    expect((await second).version).toBe((await batches.versionOf(filterOf('service-2'))).version);
  });

  it('fails those that asked together, and asks again for the next', async () => {
    await clickhouse.command({ text: 'RENAME TABLE late_hours TO elsewhere', params: {} });
    const failed = await Promise.allSettled([
      batches.versionOf(filterOf('service-0')),
      batches.versionOf(filterOf('service-1')),
    ]);
    await clickhouse.command({ text: 'RENAME TABLE elsewhere TO late_hours', params: {} });
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await batches.versionOf(filterOf('service-1', 1))).version).toBe('0-0');
  });
});
