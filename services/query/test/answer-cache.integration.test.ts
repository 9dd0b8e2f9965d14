import { waitFor } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CPU, HOUR, AnswerRedis, oneProfile, PAST, settleMarks } from './support/cached-answers.ts';
import { TestQuery } from './support/query-service.ts';

let kept: AnswerRedis;

beforeAll(async () => {
  kept = await AnswerRedis.start();
});
afterAll(() => kept.stop());

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

describe('answers of closed hours', () => {
  it.each([
    // What was merged, and the tree of it.
    ['flame graphs', totalOf, 2],
    ['timelines', timelineTotalOf, 1],
  ])('are kept, and never stale: what comes late is in the next answer (%s)', async (_, total, count) => {
    const query = await kept.query();
    try {
      await query.insert(oneProfile(5, PAST));
      expect(await total(query, PAST, PAST + HOUR)).toBe(5);
      // Marked just now: another profile may be on its way.
      expect(await kept.entries()).toEqual([]);
      await settleMarks(query);
      await kept.fill(async () => expect(await total(query, PAST, PAST + HOUR)).toBe(5), count);
      await query.clickhouse.command({ text: 'TRUNCATE TABLE profiles', params: {} });
      expect(await total(query, PAST, PAST + HOUR)).toBe(5);
      await query.insert(oneProfile(3, PAST + 1));
      expect(await total(query, PAST, PAST + HOUR)).toBe(3);
    } finally {
      await query.close();
    }
  });

  it('are kept of single profiles, until something in their hour changes', async () => {
    const query = await kept.query();
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
      await kept.fill(async () => expect((await open()).left.total).toBe(5), 2);
      await query.clickhouse.command({ text: 'TRUNCATE TABLE profiles', params: {} });
      expect((await open()).left.total).toBe(5);
      await query.insert(oneProfile(3, PAST + 1));
      expect((await query.get(path, {})).status).toBe(404);
    } finally {
      await query.close();
    }
  });

  it('are all that is kept', async () => {
    const query = await kept.query();
    try {
      await query.insert(oneProfile(5, Date.now() - 60_000));
      expect(await totalOf(query, Date.now() - HOUR, Date.now() + 1000)).toBe(5);
      await query.insert(oneProfile(2, Date.now() - 50_000));
      expect(await totalOf(query, Date.now() - HOUR, Date.now() + 1000)).toBe(7);
      expect(await kept.entries()).toEqual([]);
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

  it('leave no connection to Redis behind when the service ends', async () => {
    const connections = async (): Promise<number> =>
      String(await kept.client.client('LIST'))
        .trim()
        .split('\n').length;
    const before = await connections();
    const query = await kept.query();
    await waitFor(async () => (await connections()) === before + 1, { what: 'a connection of the service' });
    await query.close();
    await waitFor(async () => (await connections()) === before, { what: 'the end of the connection' });
  });
});
