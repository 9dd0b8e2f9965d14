import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CPU, HOUR, AnswerRedis, oneProfile, PAST, settleMarks } from './support/cached-answers.ts';
import type { TestQuery } from './support/query-service.ts';

let kept: AnswerRedis;

beforeAll(async () => {
  kept = await AnswerRedis.start();
});
afterAll(() => kept.stop());

/** Lets go what was merged, so that only trees are left. */
async function forgetMerges(): Promise<void> {
  for (const key of await kept.entries()) {
    if ((await kept.client.getBuffer(key))?.includes('"mediaType"') !== true) await kept.client.del(key);
  }
}

describe('trees of closed hours', () => {
  const range = { from: String(PAST), to: String(PAST + HOUR) };
  const tree = { query: `${CPU}{service_name="checkout"}`, ...range };
  let query: TestQuery;

  beforeAll(async () => {
    query = await kept.query();
    await query.insert(oneProfile(5, PAST));
    await query.insert(oneProfile(4, PAST + HOUR));
    await settleMarks(query);
  });
  beforeEach(() => kept.client.flushall());
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
    await kept.fill(all, asked.length + 1);
    await forgetMerges();
    expect(await all()).toEqual(made);
  });

  it('are not made again', async () => {
    const ask = (view: Record<string, string>): Promise<{ left: { total: number } }> =>
      query.json('flamegraph', { ...tree, ...view });
    await kept.fill(async () => expect((await ask({})).left.total).toBe(5), 2);
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
    await kept.fill(async () => expect(await totals()).toEqual([5, 4]), 3);
    await query.insert(oneProfile(2, PAST + HOUR + 1));
    expect(await totals()).toEqual([5, 6]);
    await query.insert(oneProfile(1, PAST + 1));
    expect(await totals()).toEqual([6, 6]);
  });

  it('are not kept where there is nothing to show: what is there instead may change', async () => {
    const ask = (): Promise<{ notice?: object }> =>
      query.json('flamegraph', { ...tree, query: `${CPU}{service_name="nobody"}` });
    await kept.fill(async () => expect((await ask()).notice).toBeDefined(), 1);
    await forgetMerges();
    expect(await kept.entries()).toEqual([]);
  });
});

describe('a tree of a closed hour with a stack that is not resolved', () => {
  it('is not kept: the stack may be resolved later', async () => {
    const query = await kept.query();
    try {
      await query.insert(oneProfile(5, PAST));
      await query.clickhouse.command({ text: 'TRUNCATE TABLE stacks', params: {} });
      await settleMarks(query);
      const params = {
        query: `${CPU}{service_name="checkout"}`,
        from: String(PAST),
        to: String(PAST + HOUR),
      };
      const ask = (): Promise<{ left: { unresolved?: object } }> => query.json('flamegraph', params);
      await kept.fill(async () => {
        expect((await ask()).left.unresolved).toEqual({ stacks: 1, value: 5 });
      }, 1);
      await forgetMerges();
      expect(await kept.entries()).toEqual([]);
    } finally {
      await query.close();
    }
  });
});
