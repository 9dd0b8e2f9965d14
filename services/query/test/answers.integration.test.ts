import { fromColumns, pathOf } from '@everflame/flamegraph';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerSchema } from '@everflame/testkit';
import type { TestQuery } from './support/query-service.ts';
import { CPU, foldPprof, NOW, RANGE, SIDES, startShop } from './support/shop.ts';

const explainResponseSchema = answerSchema('get', 'explain');
const flamegraphResponseSchema = answerSchema('get', 'flamegraph');
const heatmapResponseSchema = answerSchema('get', 'heatmap');
const profilesResponseSchema = answerSchema('get', 'profiles');
const sandwichResponseSchema = answerSchema('get', 'sandwich');

let query: TestQuery;

beforeAll(async () => {
  query = await startShop();
});
afterAll(() => query.close());

const totalsOf = (columns: Parameters<typeof fromColumns>[0]): Record<string, number> => {
  const tree = fromColumns(columns);
  return Object.fromEntries(Array.from(tree.total, (total, node) => [pathOf(tree, node).join(';'), total]));
};

describe('sandwich', () => {
  it('shows who calls a function and what it calls, each stack once', async () => {
    const answer = sandwichResponseSchema.parse(
      await query.json('sandwich', { query: `${CPU}{version="2"}`, ...RANGE, function: 'main' }),
    );
    expect(totalsOf(answer.callers.tree)).toEqual({ '': 147, slow: 7 });
    expect(totalsOf(answer.callees.tree)).toEqual({ '': 147, slow: 7, work: 140, 'work;slow': 100 });
    expect(answer.callers.tree.names[answer.callers.tree.name[0]!]).toBe('main');
  });

  it('compares, cuts both trees, and knows what it does not know', async () => {
    const answer = sandwichResponseSchema.parse(
      await query.json('sandwich', { ...SIDES, function: 'work', max_nodes: '1' }),
    );
    expect([answer.callees.tree.total[0], answer.callees.tree.totalRight?.[0]]).toEqual([52, 140]);
    expect(answer.callees).toMatchObject({ truncated: true, cutNodes: 2, nodes: 3 });
    const unknown = await query.get('sandwich', { query: CPU, ...RANGE, function: 'nobody' });
    expect([unknown.status, await unknown.json()]).toMatchObject([
      404,
      { error: { code: 'unknown_function' } },
    ]);
  });
});

describe('single profiles', () => {
  it('are listed newest first and opened by id, in every format', async () => {
    const list = profilesResponseSchema.parse(
      await query.json('profiles', { query: `${CPU}{version="1"}`, ...RANGE }),
    );
    expect(list.profiles.map(({ time, total, labels }) => [time, total, labels['instance']])).toEqual([
      [NOW + 15_000, 10, 'a'],
      [NOW, 42, 'a'],
    ]);
    expect(list.truncated).toBe(false);
    const path = `profiles/${list.profiles[1]!.id}`;
    expect(await query.text(path, { format: 'collapsed' })).toBe('main;work 30\nmain;work;alloc 12\n');
    const tree = flamegraphResponseSchema.parse(await query.json(path, { focus: 'alloc', invert: 'true' }));
    expect(totalsOf(tree.tree)).toMatchObject({ alloc: 12, 'alloc;work;main': 12 });
    expect(tree.left).toMatchObject({ total: 42, profiles: 1, instanceSeconds: 10 });
    const pprof = Buffer.from(await (await query.get(path, { format: 'pprof' })).arrayBuffer());
    expect(foldPprof(pprof)).toBe('main;work 30\nmain;work;alloc 12\n');
  });

  it('are cut at limit, and refused under ids that name none', async () => {
    const list = profilesResponseSchema.parse(
      await query.json('profiles', { query: CPU, ...RANGE, limit: '1' }),
    );
    expect([list.profiles.length, list.truncated]).toEqual([1, true]);
    const gone = JSON.stringify([CPU, NOW - 1, '1', '2']);
    for (const id of ['x', '%00', 'bnVsbA', '../services', btoa(gone), btoa('{"a":1}')]) {
      const response = await query.get(`profiles/${encodeURIComponent(id)}`);
      expect([id, response.status, await response.json()]).toMatchObject([
        id,
        404,
        { error: { code: 'unknown_profile' } },
      ]);
    }
  });
});

describe('heatmap', () => {
  it('counts profiles per time and rate', async () => {
    const answer = heatmapResponseSchema.parse(
      await query.json('heatmap', { query: `${CPU}{version=~"1|2"}`, ...RANGE, columns: '2', rows: '2' }),
    );
    expect(answer).toMatchObject({ unit: 'cores', stepMs: 60_000, profiles: 3 });
    expect(answer.edges.length).toBe(3);
    expect(answer.edges.map((edge) => Math.round(edge * 1e10) / 1e10)).toEqual(
      [1e-9, 7.8e-9, 14.7e-9].map((edge) => Math.round(edge * 1e10) / 1e10),
    );
    expect(answer.counts).toEqual([
      [0, 0],
      [2, 1],
    ]);
  });

  it('is empty where there is nothing', async () => {
    const answer = heatmapResponseSchema.parse(
      await query.json('heatmap', { query: `${CPU}{service_name="none"}`, ...RANGE }),
    );
    expect(answer).toMatchObject({ edges: [], counts: [], profiles: 0 });
  });
});

describe('explain', () => {
  it('ranks labels by the change they carry, and functions by theirs', async () => {
    const sides = { ...SIDES, left_query: `${CPU}{version="1"}`, right_query: `${CPU}{version=~"1|2"}` };
    const answer = explainResponseSchema.parse(await query.json('explain', sides));
    expect(answer.change).toEqual({ before: 52, after: 199, delta: 147, share: 1 });
    expect(answer.labels.filter(({ name }) => name === 'version')).toEqual([
      { name: 'version', value: '2', before: 0, after: 147, delta: 147, share: 1 },
    ]);
    expect(answer.self.map(({ name, delta }) => [name, delta])).toEqual([
      ['slow', 107],
      ['work', 40],
    ]);
    expect(answer.total[0]).toMatchObject({ name: 'main', before: 52, after: 199, share: 1 });
  });

  it('splits the whole change over the values of each label, those without it included', async () => {
    const sides = { ...SIDES, left_query: `${CPU}{version="3"}`, right_query: `${CPU}{version!="3"}` };
    for (const normalize of ['none', 'instance_seconds', 'share']) {
      const answer = explainResponseSchema.parse(
        await query.json('explain', { ...sides, normalize, limit: '1000' }),
      );
      for (const label of ['version', 'instance', 'service_name']) {
        const rows = answer.labels.filter(({ name }) => name === label);
        expect(rows.reduce((sum, { delta }) => sum + delta, 0)).toBeCloseTo(answer.change.delta, 12);
      }
    }
  });

  it('is a page of Markdown, too', async () => {
    const text = await query.text('explain', { ...SIDES, format: 'markdown', normalize: 'instance_seconds' });
    expect(text).toContain('| slow | 0 |');
    expect(text).toContain('(cores)');
  });
});
