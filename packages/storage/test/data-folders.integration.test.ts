import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClickHouse, mergeStacks, migrate, openClickHouse, runRollups } from '../src/index.ts';
import { MIGRATIONS } from '../src/migrations/migrate.ts';
import { KillableClickHouse } from './killable-clickhouse.ts';

const FOLDER = fileURLToPath(new URL('./fixtures/data-folders/', import.meta.url));
const names = readdirSync(FOLDER).flatMap((file) => /^(.*)\.tar\.gz$/.exec(file)?.[1] ?? []);

interface Sum {
  readonly profileTypeId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly profiles: number;
  readonly series: number;
  readonly total: number;
  readonly stacks: number;
}

describe.each(names)('the data folder %s of a release', (name) => {
  const sums = JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8')) as Readonly<Record<string, Sum>>;
  let server: KillableClickHouse;
  let clickhouse: ClickHouse;

  beforeAll(async () => {
    server = await KillableClickHouse.start('everflame', `${FOLDER}${name}.tar.gz`);
    clickhouse = openClickHouse(server.options);
  });

  afterAll(async () => {
    await clickhouse.close();
    await server.stop();
  });

  async function expectSums(): Promise<void> {
    for (const [range, { profileTypeId, fromMs, toMs, ...expected }] of Object.entries(sums)) {
      const filter = { tenant: 'default', profileTypeId, matchers: [], fromMs, toMs };
      const { profiles, series, total, values } = await mergeStacks(clickhouse, filter, {
        aggregate: 'kind',
      });
      expect([range, { profiles, series, total, stacks: values.length }]).toEqual([range, expected]);
    }
  }

  async function readOne(text: string): Promise<number | undefined> {
    return (await clickhouse.select({ text, params: {} })).numbers('found')[0];
  }

  it('is brought to the schema of today and keeps what it holds', async () => {
    await migrate(clickhouse, { embedded: true });
    const newest = Math.max(...MIGRATIONS.map(({ version }) => version));
    expect(await readOne('SELECT max(version) AS found FROM schema_migrations')).toBe(newest);
    await expectSums();
    expect(await readOne("SELECT toUInt32(count()) AS found FROM rules FINAL WHERE id = 'heap-growth'")).toBe(
      1,
    );
  });

  it('has its late hours rolled up again, which changes no sum', async () => {
    const late = 'SELECT toUInt32(count()) AS found FROM late_hours FINAL';
    expect(await readOne(late)).toBeGreaterThan(0);
    const { done } = await runRollups(clickhouse, { graceMs: 0, settleMs: 0, maxBuckets: 1000 });
    expect(done.map((resolution) => resolution.late)).toEqual([1, 1]);
    await expectSums();
  });
});
