import { createLogger } from '@everflame/service-kit';
import { ProfileBatch } from '@everflame/storage';
import { startTestRedis, type TestRedis, waitFor } from '@everflame/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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

/** A service that keeps answers in a Redis without any. */
async function keepingQuery(): Promise<TestQuery> {
  await client.flushall();
  return TestQuery.start(undefined, undefined, { QUERY_CACHE_BYTES: '1000000', REDIS_URL: redis.url });
}

/** Asks until it has left as many entries. */
async function keep(answer: () => Promise<unknown>, count: number): Promise<void> {
  await waitFor(
    async () => {
      await answer();
      return (await entries()).length === count;
    },
    { what: `${count} entries` },
  );
}

describe('answers of closed hours', () => {
  it.each([
    // What was merged, and the tree of it.
    ['flame graphs', totalOf, 2],
    ['timelines', timelineTotalOf, 1],
  ])('are kept, and never stale: what comes late is in the next answer (%s)', async (_, total, count) => {
    const query = await keepingQuery();
    try {
      await query.insert(oneProfile(5, PAST));
      expect(await total(query, PAST, PAST + HOUR)).toBe(5);
      // Marked just now: another profile may be on its way.
      expect(await entries()).toEqual([]);
      await settleMarks(query);
      await keep(async () => expect(await total(query, PAST, PAST + HOUR)).toBe(5), count);
      await query.clickhouse.command({ text: 'TRUNCATE TABLE profiles', params: {} });
      expect(await total(query, PAST, PAST + HOUR)).toBe(5);
      await query.insert(oneProfile(3, PAST + 1));
      expect(await total(query, PAST, PAST + HOUR)).toBe(3);
    } finally {
      await query.close();
    }
  });

  it('are kept of single profiles, until something in their hour changes', async () => {
    const query = await keepingQuery();
    try {
      await query.insert(oneProfile(5, PAST));
      await settleMarks(query);
      const { profiles } = await query.json<{ profiles: { id: string }[] }>('profiles', {
        query: `${CPU}{service_name="checkout"}`,
        from: String(PAST),
        to: String(PAST + HOUR),
      });
      const path = `profiles/${encodeURIComponent(profiles[0]?.id ?? '')}`;
      const open = (): Promise<{ left: { total: number } }> => query.json(path, {});
      await keep(async () => expect((await open()).left.total).toBe(5), 2);
      await query.clickhouse.command({ text: 'TRUNCATE TABLE profiles', params: {} });
      expect((await open()).left.total).toBe(5);
      await query.insert(oneProfile(3, PAST + 1));
      expect((await query.get(path, {})).status).toBe(404);
    } finally {
      await query.close();
    }
  });

  it('are all that is kept', async () => {
    const query = await keepingQuery();
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

/** Lets go what was merged, so that only trees are left. */
async function forgetMerges(): Promise<void> {
  for (const key of await entries()) {
    if ((await client.getBuffer(key))?.includes('"mediaType"') !== true) await client.del(key);
  }
}

describe('trees of closed hours', () => {
  const range = { from: String(PAST), to: String(PAST + HOUR) };
  const tree = { query: `${CPU}{service_name="checkout"}`, ...range };
  let query: TestQuery;

  beforeAll(async () => {
    query = await keepingQuery();
    await query.insert(oneProfile(5, PAST));
    await query.insert(oneProfile(4, PAST + HOUR));
    await settleMarks(query);
  });
  beforeEach(() => client.flushall());
  afterAll(() => query.close());

  it('are kept by what they show and how they are sent', async () => {
    const sent = async (view: Record<string, string>, encoding: string): Promise<Response> => {
      const search = new URLSearchParams({ ...tree, ...view }).toString();
      return fetch(`${query.url}/api/v1/flamegraph?${search}`, { headers: { 'accept-encoding': encoding } });
    };
    const views = [
      {},
      { max_nodes: '1' },
      { focus: 'work' },
      { format: 'columns' },
      { root: '["main.work"]' },
    ];
    const asked = views.flatMap((view) => ['gzip', 'br'].map((encoding) => [view, encoding] as const));
    const all = (): Promise<string[]> =>
      Promise.all(
        asked.map(async ([view, encoding]) => {
          const answer = await sent(view, encoding);
          const { headers } = answer;
          const bytes = Buffer.from(await answer.arrayBuffer()).toString('base64');
          return [answer.status, headers.get('content-type'), headers.get('vary'), bytes].join(' ');
        }),
      );
    const made = await all();
    expect(made.every((answer) => answer.startsWith('200 '))).toBe(true);
    // One of what was merged.
    await keep(all, asked.length + 1);
    await forgetMerges();
    expect(await all()).toEqual(made);
  });

  it('are not made again', async () => {
    const ask = (view: Record<string, string>): Promise<{ left: { total: number } }> =>
      query.json('flamegraph', { ...tree, ...view });
    await keep(async () => expect((await ask({})).left.total).toBe(5), 2);
    await forgetMerges();
    await query.clickhouse.command({ text: 'RENAME TABLE profiles TO away', params: {} });
    try {
      expect((await ask({})).left.total).toBe(5);
      await expect(ask({ max_nodes: '7' })).rejects.toThrow('schema_missing');
    } finally {
      await query.clickhouse.command({ text: 'RENAME TABLE away TO profiles', params: {} });
    }
  });

  it('of two sides hold until either side changes', async () => {
    const sides = {
      left_query: tree.query,
      left_from: String(PAST),
      left_to: String(PAST + HOUR),
      right_query: tree.query,
      right_from: String(PAST + HOUR),
      right_to: String(PAST + 2 * HOUR),
    };
    const totals = async (): Promise<number[]> => {
      const { left, right } = await query.json<Record<'left' | 'right', { total: number }>>(
        'flamegraph/diff',
        sides,
      );
      return [left.total, right.total];
    };
    await keep(async () => expect(await totals()).toEqual([5, 4]), 3);
    await query.insert(oneProfile(2, PAST + HOUR + 1));
    expect(await totals()).toEqual([5, 6]);
    await query.insert(oneProfile(1, PAST + 1));
    expect(await totals()).toEqual([6, 6]);
  });

  it('are not kept where there is nothing to show: what is there instead may change', async () => {
    const ask = (): Promise<{ notice?: object }> =>
      query.json('flamegraph', { ...tree, query: `${CPU}{service_name="nobody"}` });
    await keep(async () => expect((await ask()).notice).toBeDefined(), 1);
    await forgetMerges();
    expect(await entries()).toEqual([]);
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
