import {
  type FreshDatabase,
  freshDatabase,
  startTestClickHouse,
  type TestClickHouse,
  insertBatch,
} from '@everflame/testkit';
import { afterEach, beforeAll, afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type ClickHouse, mergeStacks, migrate, openClickHouse, ProfileBatch } from '../src/index.ts';
import { MIGRATIONS } from '../src/migrations/migrate.ts';
import type { Migration } from '../src/migrations/migration.ts';
import { addWithSeries, CPU, profileRow, TEN_O_CLOCK } from './profile-rows.ts';

const EMBEDDED = { embedded: true };
const NEWEST = Math.max(...MIGRATIONS.map(({ version }) => version));

describe('an upgrade in place', () => {
  let server: TestClickHouse;
  let database: FreshDatabase;
  let clickhouse: ClickHouse;

  beforeAll(async () => {
    server = await startTestClickHouse();
  });
  beforeEach(async () => {
    database = await freshDatabase(server.url);
    clickhouse = openClickHouse({ url: server.url, database: database.name, requestTimeoutMs: 30_000 });
  });
  afterEach(async () => {
    await clickhouse.close();
    await database.drop();
  });
  afterAll(async () => {
    await server.stop();
  });

  const run = (text: string): Promise<void> => clickhouse.command({ text, params: {} });

  async function appliedVersions(): Promise<readonly number[]> {
    const text = 'SELECT version FROM schema_migrations FINAL ORDER BY version';
    return [...(await clickhouse.select({ text, params: {} })).numbers('version')];
  }

  /** What a program that knew only version 1 stored. */
  async function insertAsFirstVersion(): Promise<void> {
    await run(`INSERT INTO profiles
  (tenant, retention_days, type, kind, service, fp, ts, pid, duration_ms, period, total, stacks, vals)
SELECT 'acme', 400, '${CPU}', 'interval', 'checkout', 1, fromUnixTimestamp64Milli(${TEN_O_CLOCK} + number, 'UTC'),
  number, 10000, 1, 7, [11, 12], [3, 4]
FROM numbers(5)`);
    await run(`INSERT INTO series SELECT 'acme', toDate('2100-01-04'), '${CPU}', 'interval', 'checkout', 1,
  map('service_name', 'checkout', 'env', 'prod')`);
  }

  async function mergedTotal(): Promise<number> {
    const filter = {
      tenant: 'acme',
      profileTypeId: CPU,
      matchers: [{ name: 'env', op: '=', value: 'prod' } as const],
      fromMs: TEN_O_CLOCK,
      toMs: TEN_O_CLOCK + 60_000,
    };
    return (await mergeStacks(clickhouse, filter, { aggregate: 'kind' })).values.reduce(
      (sum, value) => sum + value,
      0,
    );
  }

  it.each(MIGRATIONS.slice(0, -1).map(({ version }) => [version]))(
    'from version %i keeps what is stored, and takes more beside it',
    async (version) => {
      await migrate(
        clickhouse,
        EMBEDDED,
        MIGRATIONS.filter((migration) => migration.version <= version),
      );
      await insertAsFirstVersion();
      await migrate(clickhouse, EMBEDDED);
      expect(await appliedVersions()).toEqual(MIGRATIONS.map((migration) => migration.version));
      expect(await mergedTotal()).toBe(35);
      const batch = new ProfileBatch();
      addWithSeries(batch, profileRow({ timeMs: TEN_O_CLOCK + 5, stacks: { 1: 8 } }), { env: 'prod' });
      await insertBatch(clickhouse, batch);
      expect(await mergedTotal()).toBe(43);
    },
  );

  it('gives profiles of before the days of rollup that were meant', async () => {
    await migrate(clickhouse, EMBEDDED, MIGRATIONS.slice(0, 1));
    await insertAsFirstVersion();
    await migrate(clickhouse, EMBEDDED);
    const text = 'SELECT DISTINCT rollup_days FROM profiles';
    expect([...(await clickhouse.select({ text, params: {} })).numbers('rollup_days')]).toEqual([400]);
  });

  it('notes where series have rows in several classes of retention, so that the newest counts', async () => {
    await migrate(clickhouse, EMBEDDED, MIGRATIONS.slice(0, 4));
    const hour = TEN_O_CLOCK / 1000;
    await run(`INSERT INTO profiles_1h
SELECT 'acme', arrayElement([30, 400, 400], number + 1), '${CPU}', 'interval', 'checkout', intDiv(number, 2),
  toDateTime(${hour}, 'UTC'), number + 1, 1, 10000, 7, [11], [7]
FROM numbers(3)`);
    await run(`INSERT INTO rollup_state
SELECT 'hour', toDateTime(${hour} + number * 3600, 'UTC'), '', '', 9 FROM numbers(3)`);
    await migrate(clickhouse, EMBEDDED);
    const fourHours = {
      tenant: 'acme',
      profileTypeId: CPU,
      matchers: [],
      fromMs: TEN_O_CLOCK - 3_600_000,
      toMs: TEN_O_CLOCK + 3 * 3_600_000,
    };
    const merged = await mergeStacks(clickhouse, fourHours, { aggregate: 'kind' });
    expect(merged).toMatchObject({ profiles: 2, series: 2, total: 14 });
  });

  it('that was interrupted after any statement is completed by the next start', async () => {
    const before = MIGRATIONS.slice(0, 2);
    await migrate(clickhouse, EMBEDDED, before);
    await insertAsFirstVersion();
    const last = MIGRATIONS[before.length]!;
    const count = last.statements(EMBEDDED).length;
    expect(count).toBeGreaterThan(1);
    for (let done = 0; done < count; done++) {
      const interrupted: Migration = {
        ...last,
        statements: (options) => [...last.statements(options).slice(0, done), 'SELECT throwIf(1)'],
      };
      await expect(migrate(clickhouse, EMBEDDED, [...before, interrupted])).rejects.toThrow();
      expect(await appliedVersions()).not.toContain(last.version);
    }
    await migrate(clickhouse, EMBEDDED);
    expect((await appliedVersions()).at(-1)).toBe(NEWEST);
    expect(await mergedTotal()).toBe(35);
  });

  it('is not undone by an older program, which says what to do', async () => {
    await migrate(clickhouse, EMBEDDED);
    await expect(migrate(clickhouse, EMBEDDED, MIGRATIONS.slice(0, 2))).rejects.toMatchObject({
      code: 'schema_too_new',
      message: `The database has schema version ${NEWEST}; this program knows versions up to 2.`,
      hint: 'Start the newer program again, or restore the backup made before the upgrade.',
    });
  });
});
