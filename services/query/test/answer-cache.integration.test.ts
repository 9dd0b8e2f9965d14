import { createLogger } from '@everflame/service-kit';
import { ProfileBatch } from '@everflame/storage';
import { startTestRedis, type TestRedis, waitFor } from '@everflame/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisAnswerCache } from '../src/adapters/redis-answer-cache.ts';
import { TestQuery } from './support/query-service.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const HOUR = 3_600_000;
/** Start of an hour that was over hours ago. */
const PAST = Math.floor(Date.now() / HOUR) * HOUR - 5 * HOUR;

let redis: TestRedis;
let client: Redis;

beforeAll(async () => {
  redis = await startTestRedis();
  client = new Redis(redis.url);
});

afterAll(async () => {
  client.disconnect();
  await redis.stop();
});

const entries = (): Promise<string[]> => client.keys('*:entry:*');

/** A profile of one stack of one frame. */
function oneProfile(value: number, timeMs: number): ProfileBatch {
  const batch = new ProfileBatch();
  const common = { tenant: 'default', dayMs: timeMs, service: 'checkout' };
  const ids = { idLo: 7, idHi: 0 };
  batch.addFrame({
    tenant: 'default',
    dayMs: timeMs,
    ...ids,
    name: 'main.work',
    systemName: '',
    file: 'main.go',
    line: 1,
    startLine: 1,
    buildId: '',
    addressLo: 0,
    addressHi: 0,
  });
  batch.addStack({ ...common, ...ids, frameIdLo: Uint32Array.of(7), frameIdHi: Uint32Array.of(0) });
  const series = { type: CPU, kind: 'interval', fingerprint: { lo: 1, hi: 0 } } as const;
  batch.addSeries({ ...common, ...series, labels: [['service_name', 'checkout']] });
  batch.addProfile({
    tenant: 'default',
    service: 'checkout',
    retentionDays: 14,
    rollupDays: 400,
    ...series,
    timeMs,
    profileId: { lo: value, hi: timeMs % 1000 },
    durationMs: 1000,
    period: 1,
    total: value,
    stackIdLo: Uint32Array.of(7),
    stackIdHi: Uint32Array.of(0),
    values: Float64Array.of(value),
  });
  return batch;
}

async function timelineTotalOf(query: TestQuery, from: number, to: number): Promise<number> {
  const answer = await query.json<{ groups: { total: number; values: (number | null)[] }[] }>('timeline', {
    query: `${CPU}{service_name="checkout"}`,
    from: String(from),
    to: String(to),
    group_by: 'service_name',
    mode: 'total',
  });
  const [group] = answer.groups;
  expect(group?.values.reduce<number>((sum, value) => sum + (value ?? 0), 0)).toBe(group?.total);
  return group?.total ?? 0;
}

async function totalOf(query: TestQuery, from: number, to: number): Promise<number> {
  const answer = await query.json<{ left: { total: number }; tree: { total: number[] } }>('flamegraph', {
    query: `${CPU}{service_name="checkout"}`,
    from: String(from),
    to: String(to),
  });
  expect(answer.tree.total[0]).toBe(answer.left.total);
  return answer.left.total;
}

/** As if what was marked had been marked long ago. */
async function settleMarks(query: TestQuery): Promise<void> {
  const text = `INSERT INTO rollup_marks (tenant, service, hour, at)
SELECT tenant, service, hour, now64(3) - INTERVAL 1 HOUR FROM rollup_marks`;
  await query.clickhouse.command({ text: 'CREATE TABLE kept AS rollup_marks', params: {} });
  await query.clickhouse.command({ text: text.replace('INTO rollup_marks', 'INTO kept'), params: {} });
  await query.clickhouse.command({ text: 'EXCHANGE TABLES kept AND rollup_marks', params: {} });
  await query.clickhouse.command({ text: 'DROP TABLE kept', params: {} });
}

describe('answers of closed hours', () => {
  it.each([
    ['flame graphs', totalOf],
    ['timelines', timelineTotalOf],
  ])('are kept, and never stale: what comes late is in the next answer (%s)', async (_, total) => {
    await client.flushall();
    const settings = { QUERY_CACHE_BYTES: '1000000', REDIS_URL: redis.url };
    const query = await TestQuery.start(undefined, undefined, settings);
    try {
      await query.insert(oneProfile(5, PAST));
      expect(await total(query, PAST, PAST + HOUR)).toBe(5);
      // Marked just now: another profile may be on its way.
      expect(await entries()).toEqual([]);
      await settleMarks(query);
      await waitFor(
        async () => {
          expect(await total(query, PAST, PAST + HOUR)).toBe(5);
          return (await entries()).length === 1;
        },
        { what: 'an entry' },
      );
      await query.clickhouse.command({ text: 'TRUNCATE TABLE profiles', params: {} });
      expect(await total(query, PAST, PAST + HOUR)).toBe(5);
      await query.insert(oneProfile(3, PAST + 1));
      expect(await total(query, PAST, PAST + HOUR)).toBe(3);
    } finally {
      await query.close();
    }
  });

  it('are kept of single profiles, until something in their hour changes', async () => {
    await client.flushall();
    const settings = { QUERY_CACHE_BYTES: '1000000', REDIS_URL: redis.url };
    const query = await TestQuery.start(undefined, undefined, settings);
    try {
      await query.insert(oneProfile(5, PAST));
      await settleMarks(query);
      const range = { from: String(PAST), to: String(PAST + HOUR) };
      const { profiles } = await query.json<{ profiles: { id: string }[] }>('profiles', {
        query: `${CPU}{service_name="checkout"}`,
        ...range,
      });
      const path = `profiles/${encodeURIComponent(profiles[0]?.id ?? '')}`;
      const open = (): Promise<{ left: { total: number } }> => query.json(path, {});
      await waitFor(
        async () => {
          expect((await open()).left.total).toBe(5);
          return (await entries()).length === 1;
        },
        { what: 'an entry' },
      );
      await query.clickhouse.command({ text: 'TRUNCATE TABLE profiles', params: {} });
      expect((await open()).left.total).toBe(5);
      await query.insert(oneProfile(3, PAST + 1));
      expect((await query.get(path, {})).status).toBe(404);
    } finally {
      await query.close();
    }
  });

  it('are all that is kept', async () => {
    await client.flushall();
    const settings = { QUERY_CACHE_BYTES: '1000000', REDIS_URL: redis.url };
    const query = await TestQuery.start(undefined, undefined, settings);
    try {
      await query.insert(oneProfile(5, Date.now() - 60_000));
      expect(await totalOf(query, Date.now() - HOUR, Date.now() + 1000)).toBe(5);
      await query.insert(oneProfile(2, Date.now() - 50_000));
      expect(await totalOf(query, Date.now() - HOUR, Date.now() + 1000)).toBe(7);
      expect(await entries()).toEqual([]);
    } finally {
      await query.close();
    }
  });

  it('are answered without Redis, too', async () => {
    const settings = { QUERY_CACHE_BYTES: '1000000', REDIS_URL: 'redis://127.0.0.1:1' };
    const query = await TestQuery.start(undefined, undefined, settings);
    try {
      await query.insert(oneProfile(5, PAST));
      await settleMarks(query);
      expect(await totalOf(query, PAST, PAST + HOUR)).toBe(5);
      expect(await totalOf(query, PAST, PAST + HOUR)).toBe(5);
    } finally {
      await query.close();
    }
  });
});

describe('RedisAnswerCache', () => {
  it('keeps to its budget and lets what was used least recently go', async () => {
    await client.flushall();
    const options = { url: redis.url, maxBytes: 1000, scope: 'test' };
    const cache = new RedisAnswerCache(options, createLogger('query', 'silent'));
    try {
      const bytes = Buffer.alloc(100, 1);
      await waitFor(
        async () => {
          await cache.put('0', bytes);
          return cache.get('0');
        },
        { what: 'a connection' },
      );
      for (let key = 1; key < 10; key++) await cache.put(String(key), bytes);
      expect(await entries()).toHaveLength(10);
      expect(await cache.get('0')).toEqual(bytes);
      await cache.put('10', bytes);
      await cache.put('11', Buffer.alloc(120, 2));
      expect(await cache.get('1')).toBeUndefined();
      expect(await cache.get('11')).toHaveLength(120);
      const sizes = await Promise.all((await entries()).map((entry) => client.strlen(entry)));
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(1000);
      await cache.put('large', Buffer.alloc(500));
      expect(await cache.get('large')).toBeUndefined();
      await cache.put('11', bytes);
      expect(Number(await client.get('{everflame:query:test}:bytes'))).toBe(
        (await entries()).length * bytes.length,
      );
    } finally {
      cache.close();
    }
  });
});
