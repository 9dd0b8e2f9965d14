import { createLogger, type RunningService } from '@everflame/service-kit';
import { type ClickHouse, openClickHouse } from '@everflame/storage';
import {
  describeWithTool,
  type FreshDatabase,
  freshDatabase,
  startTestClickHouse,
  startTestRedis,
  type TestClickHouse,
  type TestRedis,
  waitFor,
} from '@everflame/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAlerter, readConfig } from '../src/index.ts';
import { ProfileWriter } from './support/profile-writer.ts';

const HOUR = 3_600_000;

describeWithTool(['redis-server'], 'rollups of the alerter', () => {
  let server: TestClickHouse;
  let redis: TestRedis;
  let database: FreshDatabase;
  let clickhouse: ClickHouse;
  const alerters: RunningService[] = [];

  beforeAll(async () => {
    [server, redis] = await Promise.all([startTestClickHouse(), startTestRedis()]);
    database = await freshDatabase(server.url);
    const config = readConfig({
      ALERTER_PORT: '0',
      CLICKHOUSE_URL: server.url,
      CLICKHOUSE_DATABASE: database.name,
      CLICKHOUSE_EMBEDDED: 'true',
      REDIS_URL: redis.url,
      ALERTER_QUEUE_PREFIX: database.name,
      ROLLUP_EVERY_MS: '200',
      ROLLUP_GRACE_MS: '1',
      // Longer than an insert of this test takes.
      ROLLUP_SETTLE_MS: '1500',
    });
    for (let i = 0; i < 2; i++) alerters.push(await createAlerter(config, createLogger('alerter', 'silent')));
    await Promise.all(alerters.map(({ prepared }) => prepared));
    clickhouse = openClickHouse({ url: server.url, database: database.name, requestTimeoutMs: 30_000 });
  });

  afterAll(async () => {
    for (const alerter of alerters) await alerter.close();
    await clickhouse.close();
    await redis.stop();
    await database.drop();
    await server.stop();
  });

  async function folded(): Promise<number[]> {
    const answer = await clickhouse.select({
      text: 'SELECT profiles FROM profiles_1h FINAL ORDER BY ts',
      params: {},
    });
    return [...answer.numbers('profiles')];
  }

  /** What the alerters counted together. */
  async function counted(metric: string): Promise<number> {
    const texts = await Promise.all(alerters.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
    const values = texts.flatMap((text) =>
      text
        .split('\n')
        .filter((line) => line.startsWith(metric))
        .map((line) => Number(line.split(' ').at(-1))),
    );
    return values.reduce((sum, value) => sum + value, 0);
  }

  it('fold closed hours by themselves, again when profiles come late, and show it', async () => {
    const hour = Math.floor(Date.now() / HOUR) * HOUR - 3 * HOUR;
    const writer = new ProfileWriter(clickhouse);
    await writer.write({ service_name: 'checkout' }, [
      [hour, 100],
      [hour + 1, 200],
      [hour + HOUR, 300],
    ]);
    await waitFor(async () => (await folded()).join() === '2,1', { what: 'the hours to be folded' });
    await writer.write({ service_name: 'checkout' }, [[hour + 2, 300]]);
    await waitFor(async () => (await folded()).join() === '3,1', { what: 'the late profile' });
    const late = 'everflame_rollup_buckets_total{level="hour",reason="late"';
    await waitFor(async () => (await counted(late)) > 0, { what: 'the count of late hours' });
    expect(await counted('everflame_rollup_buckets_total{level="hour",reason="closed"')).toBeGreaterThan(2);
    expect(await counted('everflame_rollup_failures_total')).toBe(0);
    expect(await counted('everflame_rollup_lag_seconds')).toBe(0);
  });
});
