import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pprofOfCollapsed, quietLogger } from '@everflame/testkit';
import type { RunningService } from '@everflame/service-kit';
import { type ClickHouse, openClickHouse } from '@everflame/storage';
import {
  freePort,
  type FreshDatabase,
  freshDatabase,
  setClockAhead,
  startTestClickHouse,
  type TestClickHouse,
  waitFor,
} from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { createIngest } from '../src/create-ingest.ts';

const HOUR = 3_600_000;

describe('rollups of two ingest processes, without an alerter and without Redis', () => {
  let server: TestClickHouse;
  let database: FreshDatabase;
  let clickhouse: ClickHouse;
  let folder: string;
  const ingests: RunningService[] = [];

  beforeAll(async () => {
    server = await startTestClickHouse();
    database = await freshDatabase(server.url);
    folder = await mkdtemp(join(tmpdir(), 'everflame-rollups-'));
    for (const spool of ['first', 'second']) {
      const config = readConfig({
        INGEST_HTTP_PORT: '0',
        INGEST_GRPC_PORT: String(await freePort()),
        CLICKHOUSE_URL: server.url,
        CLICKHOUSE_DATABASE: database.name,
        CLICKHOUSE_EMBEDDED: 'true',
        INGEST_SPOOL_DIR: join(folder, spool),
        INGEST_SPOOL_SEGMENT_AGE_MS: '20',
        ROLLUP_EVERY_MS: '200',
        ROLLUP_GRACE_MS: '1',
        // Longer than an insert of this test takes.
        ROLLUP_SETTLE_MS: '1500',
      });
      ingests.push(await createIngest(config, quietLogger()));
    }
    clickhouse = openClickHouse({ url: server.url, database: database.name, requestTimeoutMs: 30_000 });
  });

  afterAll(async () => {
    setClockAhead(0);
    for (const ingest of ingests) await ingest.close();
    await clickhouse.close();
    await database.drop();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  async function push(fromMs: number): Promise<void> {
    const query = new URLSearchParams({ service_name: 'checkout', from: String(fromMs) });
    const body = pprofOfCollapsed({ stacks: ['main 1'] });
    const response = await fetch(`${ingests[0]?.url}/api/v1/profiles?${query}`, { method: 'POST', body });
    expect(response.status).toBe(201);
  }

  async function rolledUp(): Promise<number[]> {
    const answer = await clickhouse.select({
      text: 'SELECT profiles FROM profiles_1h FINAL ORDER BY ts',
      params: {},
    });
    return [...answer.numbers('profiles')];
  }

  /** What the processes counted together. */
  async function counted(metric: string): Promise<number> {
    const texts = await Promise.all(ingests.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
    const values = texts.flatMap((text) =>
      text
        .split('\n')
        .filter((line) => line.startsWith(metric))
        .map((line) => Number(line.split(' ').at(-1))),
    );
    return values.reduce((sum, value) => sum + value, 0);
  }

  it('roll settled hours up by themselves, again when profiles come late, and show it', async () => {
    const hour = Math.floor(Date.now() / HOUR) * HOUR - 3 * HOUR;
    for (const timeMs of [hour, hour + 1, hour + HOUR]) await push(timeMs);
    await waitFor(async () => (await rolledUp()).join() === '2,1', { what: 'the hours to be rolled up' });
    await push(hour + 2);
    await waitFor(async () => (await rolledUp()).join() === '3,1', { what: 'the late profile' });
    const late = 'everflame_rollup_buckets_total{level="hour",reason="late"';
    await waitFor(async () => (await counted(late)) > 0, { what: 'the count of late hours' });
    expect(await counted('everflame_rollup_buckets_total{level="hour",reason="closed"')).toBeGreaterThan(2);
    expect(await counted('everflame_rollup_failures_total')).toBe(0);
    expect(await counted('everflame_rollup_lag_seconds')).toBe(0);
  });

  it('do not care what alert rules are called', async () => {
    const before = await rolledUp();
    await clickhouse.command({
      text: "INSERT INTO rules (tenant, id, version, deleted, body) VALUES ('default', 'rollups', 1, 0, '{}')",
      params: {},
    });
    await push(Math.floor(Date.now() / HOUR) * HOUR - 6 * HOUR);
    await waitFor(async () => (await rolledUp()).length === before.length + 1, { what: 'one hour more' });
  });

  it('go on when the clock of their machine is set', async () => {
    const jobs = (): Promise<number> => counted('everflame_rollup_duration_seconds_count');
    for (const aheadMs of [HOUR, 0, -HOUR, 0]) {
      setClockAhead(aheadMs);
      const before = await jobs();
      await waitFor(async () => (await jobs()) >= before + 4, { what: 'further jobs' });
    }
  });
});
