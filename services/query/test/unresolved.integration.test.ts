import { decodeTree, fromColumns, pathOf } from '@everflame/flamegraph';
import { ProfileBatch } from '@everflame/storage';
import { waitFor, answerSchema } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestQuery } from './support/query-service.ts';
import { add, CPU, foldPprof, NOW, RANGE } from './support/shop.ts';

const explainResponseSchema = answerSchema('get', 'explain');
const flamegraphResponseSchema = answerSchema('get', 'flamegraph');
const lostStacksResponseSchema = answerSchema('get', 'lost-stacks');
const profilesResponseSchema = answerSchema('get', 'profiles');
const sandwichResponseSchema = answerSchema('get', 'sandwich');

/** Two versions: of the first, a stack is lost; of the second, a frame. */
const STACKS = {
  1: ['main;work 30', 'main;lost;gone 12', 'main;work;deep;deeper 8'],
  2: ['main;work 40', 'main;half;leaf 20'],
};
const QUERY = { query: `${CPU}{version="1"}`, ...RANGE };
const HALF = { query: `${CPU}{version="2"}`, ...RANGE };
const SIDES = {
  left_query: QUERY.query,
  left_from: RANGE.from,
  left_to: RANGE.to,
  right_query: HALF.query,
  right_from: RANGE.from,
  right_to: RANGE.to,
};

let query: TestQuery;
const batch = new ProfileBatch();

const run = (text: string): Promise<void> => query.clickhouse.command({ text, params: {} });

const metric = async (): Promise<number> => {
  const text = await (await fetch(`${query.url}/metrics`)).text();
  return Number(/^everflame_query_unresolved_stacks_total\{.*\} (\d+)$/m.exec(text)?.[1]);
};

const totalsOf = (columns: Parameters<typeof fromColumns>[0]): Record<string, number> => {
  const tree = fromColumns(columns);
  return Object.fromEntries(Array.from(tree.total, (total, node) => [pathOf(tree, node).join(';'), total]));
};

beforeAll(async () => {
  query = await TestQuery.start();
  add(batch, STACKS[1], { version: '1', instance: 'a' });
  add(batch, STACKS[2], { version: '2', instance: 'b' });
  await query.insert(batch);
  await run(`DELETE FROM stacks WHERE frames[1] IN (SELECT id FROM frames WHERE name = 'gone')`);
  await run(`DELETE FROM frames WHERE name = 'half'`);
});
afterAll(() => query.close());

describe('a stack that storage does not know', () => {
  it('costs that stack alone: trees have it as one node with its value, and say so', async () => {
    const before = await metric();
    const answer = flamegraphResponseSchema.parse(await query.json('flamegraph', QUERY));
    expect(totalsOf(answer.tree)).toEqual({
      '': 50,
      '(unresolved)': 12,
      main: 38,
      'main;work': 38,
      'main;work;deep': 8,
      'main;work;deep;deeper': 8,
    });
    expect(answer.left).toMatchObject({ total: 50, unresolved: { stacks: 1, value: 12 } });
    expect(await metric()).toBe(before + 1);
  });

  it('is in trees as columns, below a root, inverted, by line and filtered', async () => {
    const bytes = await (await query.get('flamegraph', { ...QUERY, format: 'columns' })).arrayBuffer();
    const { tree, header } = decodeTree(new Uint8Array(bytes));
    expect([tree.total[0], header['left']]).toMatchObject([50, { unresolved: { stacks: 1, value: 12 } }]);
    const total = async (params: Record<string, string>): Promise<number | undefined> =>
      flamegraphResponseSchema.parse(await query.json('flamegraph', { ...QUERY, ...params })).tree.total[0];
    expect(await total({ root: '["(unresolved)"]' })).toBe(12);
    expect(await total({ focus: '^.unresolved' })).toBe(12);
    expect(await total({ ignore: 'work' })).toBe(12);
    for (const params of [{ invert: 'true' }, { granularity: 'line' }, { granularity: 'package' }]) {
      expect(await total(params as Record<string, string>)).toBe(50);
    }
  });

  it('is in tables, sandwiches and exports', async () => {
    const top = answerSchema('get', 'top').parse(await query.json('top', QUERY));
    expect(top.functions.find(({ name }) => name === '(unresolved)')).toMatchObject({ self: 12, total: 12 });
    expect(top.left.unresolved).toEqual({ stacks: 1, value: 12 });
    expect(await query.text('top', { ...QUERY, format: 'markdown' })).toContain(
      'not resolved: 1 stack, which hold 12',
    );
    const sandwich = sandwichResponseSchema.parse(
      await query.json('sandwich', { ...QUERY, function: '(unresolved)' }),
    );
    expect(totalsOf(sandwich.callers.tree)).toEqual({ '': 12 });
    const folded = 'main;work 30\n(unresolved) 12\nmain;work;deep;deeper 8\n';
    const lines = (text: string): string[] => text.trim().split('\n').toSorted();
    expect(lines(await query.text('flamegraph', { ...QUERY, format: 'collapsed' }))).toEqual(lines(folded));
    const pprof = Buffer.from(await (await query.get('profile.pb.gz', QUERY)).arrayBuffer());
    expect(lines(foldPprof(pprof))).toEqual(lines(folded));
    const scope = JSON.parse(await query.text('flamegraph', { ...QUERY, format: 'speedscope' })) as {
      profiles: { endValue: number }[];
    };
    expect(scope.profiles[0]?.endValue).toBe(50);
  });

  it('is in single profiles', async () => {
    const { profiles } = profilesResponseSchema.parse(await query.json('profiles', QUERY));
    const path = `profiles/${profiles[0]!.id}`;
    const tree = flamegraphResponseSchema.parse(await query.json(path));
    expect([tree.tree.total[0], tree.left.unresolved]).toEqual([50, { stacks: 1, value: 12 }]);
    expect(await query.text(path, { format: 'collapsed' })).toContain('(unresolved) 12');
  });
});

describe('a stack of which storage does not know all frames', () => {
  it('keeps the frames that are known', async () => {
    const answer = flamegraphResponseSchema.parse(await query.json('flamegraph', HALF));
    expect(totalsOf(answer.tree)).toEqual({
      '': 60,
      main: 60,
      'main;(unresolved)': 20,
      'main;(unresolved);leaf': 20,
      'main;work': 40,
    });
    expect(answer.left.unresolved).toEqual({ stacks: 1, value: 20 });
  });
});

describe('a comparison', () => {
  it('says for each side what is not resolved, and its totals are exact', async () => {
    const tree = flamegraphResponseSchema.parse(await query.json('flamegraph/diff', SIDES));
    expect([tree.tree.total[0], tree.tree.totalRight?.[0]]).toEqual([50, 60]);
    expect([tree.left.unresolved, tree.right?.unresolved]).toEqual([
      { stacks: 1, value: 12 },
      { stacks: 1, value: 20 },
    ]);
    const explained = explainResponseSchema.parse(await query.json('explain', SIDES));
    expect(explained.change.delta).toBe(10);
    expect(explained.right.unresolved).toEqual({ stacks: 1, value: 20 });
    expect(await query.text('explain', { ...SIDES, format: 'markdown' })).toContain(
      'not resolved: 1 stack, which hold 20',
    );
    const viewed = await query.json('flamegraph/diff', { ...SIDES, granularity: 'line' });
    expect(flamegraphResponseSchema.parse(viewed).tree.total[0]).toBe(50);
  });
});

describe('lost stacks', () => {
  const restore = (body: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${query.url}/api/v1/lost-stacks/restore`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  it('are reported by service, type and level with what they hold', async () => {
    const answer = lostStacksResponseSchema.parse(
      await query.json('lost-stacks', { query: '{service_name="shop"}', ...RANGE }),
    );
    expect(answer).toEqual({
      from: Number(RANGE.from),
      to: Number(RANGE.to),
      lost: [
        {
          level: 'profile',
          type: CPU,
          service: 'shop',
          first: NOW,
          last: NOW,
          rows: 2,
          missingStacks: 1,
          brokenStacks: 1,
          value: 32,
        },
      ],
      restorable: 0,
      truncated: false,
    });
  });

  it('are restored where another service has them, and only by who may', async () => {
    const other = new ProfileBatch();
    add(other, STACKS[1], { service_name: 'other' });
    await query.insert(other);
    const params = { query: '{service_name="shop"}', ...RANGE };
    expect(await query.json('lost-stacks', params)).toMatchObject({ restorable: 1 });
    const foreign = await restore(params, { origin: 'http://evil.example' });
    expect([foreign.status, await foreign.json()]).toMatchObject([
      403,
      { error: { code: 'foreign_origin' } },
    ]);
    expect(await (await restore(params)).json()).toEqual({ restored: 1 });
    expect(await query.json('lost-stacks', params)).toMatchObject({
      lost: [{ missingStacks: 0, brokenStacks: 1, value: 20 }],
      restorable: 0,
    });
  });
});

describe('rows that come back', () => {
  it('resolve what was not resolved, without a restart', async () => {
    await query.insert(batch);
    const totals = await waitFor(
      async () => {
        const [stack, frame] = await Promise.all(
          [QUERY, HALF].map(async (params) =>
            flamegraphResponseSchema.parse(await query.json('flamegraph', params)),
          ),
        );
        if (stack?.left.unresolved !== undefined || frame?.left.unresolved !== undefined) return undefined;
        return [totalsOf(stack!.tree)['main;lost;gone'], totalsOf(frame!.tree)['main;half;leaf']];
      },
      { what: 'stacks that are resolved', timeoutMs: 25_000 },
    );
    expect(totals).toEqual([12, 20]);
  });
});
