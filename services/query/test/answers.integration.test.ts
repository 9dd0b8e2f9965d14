import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zlib, { gunzipSync } from 'node:zlib';
import {
  explainResponseSchema,
  flamegraphResponseSchema,
  heatmapResponseSchema,
  profilesResponseSchema,
  sandwichResponseSchema,
  timelineResponseSchema,
} from '@everflame/contract';
import { decodeTree, fromColumns, pathOf } from '@everflame/flamegraph';
import {
  PprofBuilder,
  PprofDecoder,
  pprofOfCollapsed,
  StackFlattener,
  toCollapsed,
} from '@everflame/profile';
import { ProfileBatch } from '@everflame/storage';
import { describeWithTool } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestQuery } from './support/query-service.ts';
import { addPprof } from './support/store-pprof.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const HOT = 'hot:cpu:nanoseconds:cpu:nanoseconds';
const BIG = 'big:cpu:nanoseconds:cpu:nanoseconds';
// Within one minute bucket, whatever the time of day.
const NOW = Math.floor((Date.now() - 180_000) / 60_000) * 60_000;
const RANGE = { from: String(NOW - 60_000), to: String(NOW + 60_000) };
const SIDES = {
  left_query: `${CPU}{version="1"}`,
  left_from: RANGE.from,
  left_to: RANGE.to,
  right_query: `${CPU}{version="2"}`,
  right_from: RANGE.from,
  right_to: RANGE.to,
};
const FORMULA = '=HYPERLINK("http://evil","|x|")';

function add(
  batch: ProfileBatch,
  stacks: string[],
  labels: Record<string, string>,
  { name = 'process_cpu', timeMs = NOW }: { name?: string; timeMs?: number } = {},
): void {
  const bytes = pprofOfCollapsed({ stacks });
  addPprof(batch, bytes, { name, labels: { service_name: 'shop', ...labels }, timeMs, durationMs: 10_000 });
}

/** What `hot.go` of the test below does; lines are those of its calls. */
function hotPprof(): Uint8Array {
  const type = { type: 'cpu', unit: 'nanoseconds' };
  const builder = new PprofBuilder({ sampleTypes: [type], periodType: type, period: 10_000_000 });
  const location = (name: string, startLine: number, line: number): number => {
    const functionId = builder.addFunction({ name, file: '/src/tiny/main.go', startLine });
    return builder.addLocation({ lines: [{ functionId, line }] });
  };
  builder.addSample([location('main.hot', 3, 6), location('main.main', 11, 12)], [10_000_000_000]);
  return builder.finish();
}

let query: TestQuery;

beforeAll(async () => {
  query = await TestQuery.start();
  const batch = new ProfileBatch();
  add(batch, ['main;work 30', 'main;work;alloc 12'], { version: '1', instance: 'a' });
  add(batch, ['main;work 10'], { version: '1', instance: 'a' }, { timeMs: NOW + 15_000 });
  add(batch, ['main;work 40', 'main;work;slow 100', 'slow;main;slow 7'], { version: '2', instance: 'b' });
  add(batch, [`${FORMULA} 5`, 'a_b|c 3'], { version: '3', instance: 'c' });
  addPprof(batch, hotPprof(), {
    name: 'hot',
    labels: { service_name: 'tiny' },
    timeMs: NOW,
    durationMs: 10_000,
  });
  const most = Number.MAX_SAFE_INTEGER;
  for (const instance of ['a', 'b', 'c']) {
    add(batch, [`main;work ${most}`], { instance }, { name: 'big' });
    add(batch, ['main 1'], { instance }, { name: 'big', timeMs: NOW + 1000 });
  }
  await query.insert(batch);
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

describe('timeline', () => {
  it('answers the largest groups and the exact rest', async () => {
    const params = { query: CPU, ...RANGE, step: '60000', group_by: 'version', mode: 'total' };
    const all = timelineResponseSchema.parse(await query.json('timeline', params));
    expect(all.groups.map(({ labels, total }) => [labels['version'], total])).toEqual([
      ['1', 52],
      ['2', 147],
      ['3', 8],
    ]);
    const cut = timelineResponseSchema.parse(await query.json('timeline', { ...params, limit: '1' }));
    expect(cut.groupCount).toBe(3);
    expect(cut.groups.map(({ labels, total, rest }) => [labels, total, rest])).toEqual([
      [{ version: '2' }, 147, undefined],
      [{}, 60, true],
    ]);
    expect(cut.groups[1]!.values).toEqual([null, 60]);
  });
});

describe('timeline of many groups', () => {
  const type = 'fleet:cpu:nanoseconds:cpu:nanoseconds';
  const pods = Array.from({ length: 120 }, (_, index) => `pod.${index}`);

  beforeAll(async () => {
    const batch = new ProfileBatch();
    for (const [index, instance] of pods.entries()) {
      add(batch, [`main ${index + 1}`], { instance }, { name: 'fleet', timeMs: NOW + index * 100 });
    }
    add(batch, ['main 1000'], {}, { name: 'fleet' });
    await query.insert(batch);
  });

  it('ranks them before it reads them when they are too many to read at once', async () => {
    const range = { from: String(NOW - 10_000_000), to: String(NOW + 60_000) };
    const params = { query: type, ...range, step: '1000', mode: 'total' };
    const all = timelineResponseSchema.parse(await query.json('timeline', params));
    const cut = timelineResponseSchema.parse(
      await query.json('timeline', { ...params, group_by: 'instance', limit: '3' }),
    );
    expect(cut.groupCount).toBe(121);
    expect(
      cut.groups.map(({ labels, total, rest }) => [labels['instance'] ?? null, total, rest ?? false]),
    ).toEqual([
      ['', 1000, false],
      ['pod.118', 119, false],
      ['pod.119', 120, false],
      [null, (118 * 119) / 2, true],
    ]);
    const sums = all.groups[0]!.values.map((_value, bucket) =>
      cut.groups.reduce((sum, { values }) => sum + (values[bucket] ?? 0), 0),
    );
    expect(sums).toEqual(all.groups[0]!.values.map((value) => value ?? 0));
  });

  it('refuses a label with more values than can be ranked', async () => {
    const batch = new ProfileBatch();
    const many = 'many:cpu:nanoseconds:cpu:nanoseconds';
    for (let index = 0; index <= 50_000; index++) {
      const labels: [string, string][] = [
        ['request', String(index)],
        ['service_name', 'many'],
      ];
      const series = {
        tenant: 'default',
        type: many,
        kind: 'interval' as const,
        service: 'many',
        fingerprint: { lo: index, hi: 1 },
      };
      batch.addSeries({ ...series, dayMs: NOW, labels });
      batch.addProfile({
        ...series,
        retentionDays: 14,
        timeMs: NOW,
        profileId: { lo: index, hi: 2 },
        durationMs: 10_000,
        period: 1,
        total: 1,
        stackIdLo: Uint32Array.of(index),
        stackIdHi: Uint32Array.of(3),
        values: Float64Array.of(1),
      });
    }
    await query.insert(batch);
    const response = await query.get('timeline', {
      query: many,
      ...RANGE,
      step: '1000',
      group_by: 'request',
    });
    expect([response.status, await response.json()]).toMatchObject([
      413,
      { error: { code: 'too_many_groups' } },
    ]);
    const values = await query.json<{ values: string[] }>('labels/request/values', {
      ...RANGE,
      query: '{service_name="many",request=~"4999."}',
    });
    expect(values.values.length).toBe(10);
  });
});

describe('trees in columns', () => {
  beforeAll(async () => {
    const batch = new ProfileBatch();
    const stacks = Array.from({ length: 200 }, (_, index) => `main;step${index} ${index + 1}`);
    add(batch, stacks, {}, { name: 'wide' });
    await query.insert(batch);
  });

  it.each([
    ['gzip, deflate, br', 'br'],
    ['gzip;q=1, br;q=0.1', 'gzip'],
    ['GZIP', 'gzip'],
    ['identity', 'identity'],
    ['', 'identity'],
    // Node 20 has none.
    ...('zstdCompress' in zlib ? [['gzip, deflate, br, zstd', 'zstd']] : []),
  ])('are compressed as the client takes them: "%s"', async (accepted, encoding) => {
    const search = new URLSearchParams({
      query: 'wide:cpu:nanoseconds:cpu:nanoseconds',
      ...RANGE,
      format: 'columns',
    });
    const url = `${query.url}/api/v1/flamegraph?${search.toString()}`;
    const response = await fetch(url, { headers: { 'accept-encoding': accepted } });
    expect([response.status, response.headers.get('content-encoding')]).toEqual([200, encoding]);
    expect(response.headers.get('vary')).toBe('accept-encoding');
    // `fetch` has unpacked them.
    const { tree } = decodeTree(new Uint8Array(await response.arrayBuffer()));
    expect([tree.count, tree.total[0]]).toEqual([202, (200 * 201) / 2]);
  });
});

describe('exports', () => {
  it('have their content type and file name', async () => {
    const formats: Record<string, [string, string]> = {
      collapsed: ['text/plain; charset=utf-8', 'inline; filename="stacks.folded.txt"'],
      pprof: ['application/octet-stream', 'attachment; filename="profile.pb.gz"'],
      speedscope: ['application/json; charset=utf-8', 'attachment; filename="profile.speedscope.json"'],
    };
    for (const [format, [type, disposition]] of Object.entries(formats)) {
      const { headers } = await query.get('flamegraph', { query: CPU, ...RANGE, format });
      expect([headers.get('content-type'), headers.get('content-disposition')]).toEqual([type, disposition]);
    }
  });

  it('open in speedscope: frames by index, stacks root first, weights that add up', async () => {
    const file = await query.json<SpeedscopeFile>('flamegraph', {
      query: `${CPU}{version="1"}`,
      ...RANGE,
      format: 'speedscope',
    });
    expect(file.$schema).toBe('https://www.speedscope.app/file-format-schema.json');
    const [profile] = file.profiles;
    expect(profile).toMatchObject({ type: 'sampled', unit: 'nanoseconds', startValue: 0, endValue: 52 });
    expect(foldSpeedscope(file, 0)).toEqual({ 'main;work': 40, 'main;work;alloc': 12 });
    expect(file.shared.frames.find(({ name }) => name === 'work')).toEqual({ name: 'work', file: 'work.go' });
    const diff = await query.json<SpeedscopeFile>('flamegraph/diff', { ...SIDES, format: 'speedscope' });
    expect(foldSpeedscope(diff, 0)).toEqual({ 'main;work': 40, 'main;work;alloc': 12 });
    expect(foldSpeedscope(diff, 1)).toEqual({ 'main;work': 40, 'main;work;slow': 100, 'slow;main;slow': 7 });
  });

  it('apply filters to pprof', async () => {
    const response = await query.get('profile.pb.gz', {
      query: CPU,
      ...RANGE,
      focus: 'alloc|slow',
      hide: 'work',
    });
    expect(foldPprof(Buffer.from(await response.arrayBuffer()))).toBe(
      'main;alloc 12\nmain;slow 100\nslow;main;slow 7\n',
    );
  });

  it('are tables that are safe to open', async () => {
    const params = { query: `${CPU}{version="3"}`, ...RANGE };
    expect(await query.text('top', { ...params, format: 'csv' })).toBe(
      'function,file,self (nanoseconds),total (nanoseconds)\r\n' +
        `"'=HYPERLINK(""http://evil"",""|x|"")","'=HYPERLINK(""http://evil"",""|x|"").go",5,5\r\n` +
        'a_b|c,a_b|c.go,3,3\r\n',
    );
    const markdown = await query.text('top', { ...params, format: 'markdown' });
    expect(markdown).toContain('| a\\_b\\|c | a\\_b\\|c.go | 3 | 3 |\n');
    expect(await query.text('top', { ...SIDES, format: 'csv', limit: '1' })).toBe(
      'function,file,self (nanoseconds),total (nanoseconds),self after (nanoseconds),total after (nanoseconds)\r\n' +
        'slow,slow.go,0,0,107,107\r\n',
    );
  });

  it('keep values beyond 2^53 exact', async () => {
    const params = { query: BIG, ...RANGE };
    const most = BigInt(Number.MAX_SAFE_INTEGER) * 3n;
    const json = flamegraphResponseSchema.parse(await query.json('flamegraph', params));
    expect(json.left.exact).toBe(false);
    const collapsed = `main 3\nmain;work ${most}\n`;
    expect(await query.text('flamegraph', { ...params, format: 'collapsed' })).toBe(collapsed);
    expect(await query.text('flamegraph', { ...params, format: 'collapsed', focus: 'work' })).toBe(
      `main;work ${most}\n`,
    );
    expect(await query.text('top', { ...params, format: 'csv' })).toContain(
      `main,main.go,3,${most + 3n}\r\n`,
    );
    const sides = {
      left_query: `${BIG}{instance="a"}`,
      right_query: BIG,
      left_from: RANGE.from,
      left_to: RANGE.to,
      right_from: RANGE.from,
      right_to: RANGE.to,
    };
    expect(await query.text('flamegraph/diff', { ...sides, format: 'collapsed' })).toBe(
      `main 1 3\nmain;work ${most / 3n} ${most}\n`,
    );
  });
});

describeWithTool(['go'], 'exports to go', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'everflame-export-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const go = (...arguments_: string[]): string =>
    execFileSync('go', arguments_, { encoding: 'utf8', cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });

  async function download(name: string, params: Record<string, string>): Promise<string> {
    const file = join(folder, name);
    const response = await query.get('profile.pb.gz', { ...RANGE, ...params });
    writeFileSync(file, Buffer.from(await response.arrayBuffer()));
    return file;
  }

  it('keep values beyond 2^53 exact in pprof', async () => {
    const file = await download('big.pb.gz', { query: BIG });
    const raw = go('tool', 'pprof', '-raw', file);
    expect(raw).toContain(`${BigInt(Number.MAX_SAFE_INTEGER) * 3n}: `);
  });

  it('guide the compiler: go build -pgo takes the profile and finds the hot call', async () => {
    const file = await download('default.pgo', { query: HOT });
    writeFileSync(join(folder, 'go.mod'), 'module tiny\n\ngo 1.21\n');
    writeFileSync(join(folder, 'main.go'), HOT_GO);
    expect(go('tool', 'preprofile', '-i', file)).toBe(
      'GO PREPROFILE V1\nmain.main\nmain.hot\n1 10000000000\n',
    );
    go('build', `-pgo=${file}`, '-o', 'tiny', '.');
    expect(execFileSync('go', ['version', '-m', 'tiny'], { encoding: 'utf8', cwd: folder })).toContain(
      '-pgo=',
    );
    expect(readFileSync(join(folder, 'tiny')).length).toBeGreaterThan(0);
  }, 300_000);
});

const HOT_GO = `package main

func hot(n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		sum += i * i
	}
	return sum
}

func main() {
	println(hot(1000))
}
`;

interface SpeedscopeFile {
  readonly $schema: string;
  readonly shared: { readonly frames: { name: string; file?: string }[] };
  readonly profiles: { readonly samples: number[][]; readonly weights: number[] }[];
}

function foldSpeedscope({ shared, profiles }: SpeedscopeFile, index: number): Record<string, number> {
  const { samples, weights } = profiles[index]!;
  return Object.fromEntries(
    samples.map((sample, at) => [sample.map((frame) => shared.frames[frame]!.name).join(';'), weights[at]!]),
  );
}

function foldPprof(gzipped: Buffer): string {
  const columns = new PprofDecoder().decode(gunzipSync(gzipped));
  return toCollapsed(new StackFlattener().flatten(columns, { salt: { lo: 0, hi: 0 } }), 0);
}
