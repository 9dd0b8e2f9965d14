import { startTestClickHouse, type TestClickHouse } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClickHouse, migrate, openClickHouse } from '../src/index.ts';
import { MIGRATIONS } from '../src/migrations/migrate.ts';

describe('migrate', () => {
  let server: TestClickHouse;
  const opened: ClickHouse[] = [];
  const run = `${Date.now()}_${process.pid}`;

  beforeAll(async () => {
    server = await startTestClickHouse();
  });

  afterAll(async () => {
    for (const clickhouse of opened) {
      await clickhouse.createDatabase();
      await clickhouse.command({ text: `DROP DATABASE ${clickhouse.database} SYNC`, params: {} });
      await clickhouse.close();
    }
    await server.stop();
  });

  function open(name: string): ClickHouse {
    const clickhouse = openClickHouse({
      url: server.url,
      database: `migrate_${name}_${run}`,
      requestTimeoutMs: 30_000,
    });
    opened.push(clickhouse);
    return clickhouse;
  }

  async function tablesOf(clickhouse: ClickHouse): Promise<readonly string[]> {
    const answer = await clickhouse.select({
      text: 'SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name',
      params: {},
    });
    return answer.strings('name');
  }

  it('creates the database and its tables, and changes nothing the second time', async () => {
    const clickhouse = open('twice');
    await migrate(clickhouse, { embedded: true });
    await migrate(clickhouse, { embedded: true });
    expect(await tablesOf(clickhouse)).toEqual([
      'alerts',
      'frames',
      'label_values',
      'late_hours',
      'profiles',
      'profiles_1d',
      'profiles_1h',
      'receivers',
      'rollup_state',
      'rules',
      'schema_migrations',
      'series',
      'stacks',
    ]);
    const answer = await clickhouse.select({
      text: 'SELECT version FROM schema_migrations ORDER BY version',
      params: {},
    });
    expect([...answer.numbers('version')]).toEqual(MIGRATIONS.map(({ version }) => version));
  });

  it('has no table drop what looks like a repeated insert', async () => {
    const clickhouse = open('windows');
    await migrate(clickhouse, { embedded: true });
    const answer = await clickhouse.select({
      text: `SELECT name FROM system.tables WHERE database = currentDatabase()
AND create_table_query NOT LIKE '%non_replicated_deduplication_window = 0%'`,
      params: {},
    });
    expect(answer.strings('name')).toEqual([]);
  });

  it('can be run by several processes at once', async () => {
    const many = Array.from({ length: 4 }, () => open('together'));
    await Promise.all(many.map((clickhouse) => migrate(clickhouse, { embedded: true })));
    const answer = await many[0]!.select({
      text: 'SELECT version, checksum FROM schema_migrations FINAL ORDER BY version',
      params: {},
    });
    expect([...answer.numbers('version')]).toEqual(MIGRATIONS.map(({ version }) => version));
    await migrate(many[1]!, { embedded: true });
  });

  it('bears being overtaken by a process that has renamed a table', async () => {
    const clickhouse = open('overtaken');
    await migrate(clickhouse, { embedded: true });
    const { rows } = await clickhouse.select({ text: 'SELECT 1 AS one FROM late_hours', params: {} });
    expect(rows).toBe(0);
    await clickhouse.command({
      text: "INSERT INTO late_hours (tenant, service, hour) VALUES ('acme', 'checkout', 0)",
      params: {},
    });
    // What a process does that read which migrations are applied before the other one began.
    const behind = MIGRATIONS.filter(({ version }) => version === 3 || version === 8);
    const found = behind.map(({ version }) => version);
    await clickhouse.command({
      text: `DELETE FROM schema_migrations WHERE version IN (${found.join(', ')})`,
      params: {},
    });
    await migrate(clickhouse, { embedded: true });
    await migrate(clickhouse, { embedded: true });
    const late = await clickhouse.select({ text: 'SELECT hour FROM late_hours', params: {} });
    expect(late.rows).toBe(1);
  });

  it('also makes tables for a server, which flushes to disk by itself', async () => {
    const clickhouse = open('server');
    await migrate(clickhouse, { embedded: false });
    const answer = await clickhouse.select({
      text: `SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = 'profiles'`,
      params: {},
    });
    expect(answer.strings('create_table_query')[0]).not.toContain('fsync');
    await migrate(clickhouse, { embedded: true });
  });

  it('refuses a database that a newer program has changed', async () => {
    const clickhouse = open('newer');
    await migrate(clickhouse, { embedded: true });
    const [first] = MIGRATIONS;
    await expect(migrate(clickhouse, { embedded: true }, [first!])).rejects.toMatchObject({
      code: 'schema_too_new',
    });
  });

  it('refuses a migration that was changed after it was applied', async () => {
    const clickhouse = open('changed');
    await migrate(clickhouse, { embedded: true });
    const changed = MIGRATIONS.map((migration) => ({
      ...migration,
      statements: () => ['CREATE TABLE IF NOT EXISTS other (id UInt64) ENGINE = MergeTree ORDER BY id'],
    }));
    await expect(migrate(clickhouse, { embedded: true }, changed)).rejects.toMatchObject({
      code: 'schema_mismatch',
    });
    expect(await tablesOf(clickhouse)).not.toContain('other');
  });

  it('says that the schema is missing when a query comes before it', async () => {
    const clickhouse = open('missing');
    await expect(
      clickhouse.select({ text: 'SELECT 1 AS one FROM profiles', params: {} }),
    ).rejects.toMatchObject({ code: 'schema_missing' });
  });
});
