import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TopResponse } from '@everflame/contract';
import { PprofBuilder } from '@everflame/profile';
import { ProfileBatch } from '@everflame/storage';
import { describeWithTool, readTestdata } from '@everflame/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestQuery } from './support/query-service.ts';
import { addPprof } from './support/store-pprof.ts';

const TIME_MS = Date.now() - 600_000;
const RANGE = { from: String(TIME_MS - 1000), to: String(TIME_MS + 60_000), aggregate: 'sum' };

interface Source {
  readonly file: string;
  readonly service: string;
  /** Of the sample type that `go tool pprof` shows by default. */
  readonly unit: 'ns' | 'B';
}

const SOURCES: readonly Source[] = [
  { file: 'corpus/own/go/webapp.cpu10s.pb.gz', service: 'webapp', unit: 'ns' },
  { file: 'corpus/own/gotest/nethttp.cpu.pb', service: 'nethttp', unit: 'ns' },
  { file: 'corpus/own/go/webapp.heap.3.pb.gz', service: 'heap', unit: 'B' },
  { file: 'corpus/own/node/ts.wall.1.pb.gz', service: 'node', unit: 'ns' },
];

type Options = Readonly<Record<string, string>>;

const FILTERS: readonly Options[] = [
  {},
  { focus: 'json' },
  { focus: 'encoding/json/decode\\.go$' },
  { ignore: '^runtime\\.' },
  { focus: 'net/http|typescript', ignore: 'mallocgc|Scanner' },
  { hide: '^runtime\\.|^node:' },
  { hide: 'src/sort/' },
  { show_from: 'ServeHTTP|program\\.|Node' },
  { focus: 'http', hide: '(?i)serve', show_from: 'conn' },
  { focus: 'nothing at all is called that' },
];

/** What `go tool pprof` prints. */
function pprof(arguments_: readonly string[], options: Options, file: string): string {
  const flags = Object.entries(options).map(([name, value]) => `-${name}=${value}`);
  return execFileSync(
    'go',
    ['tool', 'pprof', ...arguments_, '-trim=false', '-symbolize=demangle=none', ...flags, file],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: tmpdir(),
      maxBuffer: 1 << 28,
    },
  );
}

const UNITS = { ns: 'nanoseconds', B: 'bytes' };

/** Stack -> value of `-traces`, names root first. */
function traces(options: Options, granularity: string, { unit }: Source, file: string): Map<string, number> {
  const text = pprof(['-traces', `-${granularity}`, `-unit=${UNITS[unit]}`], options, file);
  const stacks = new Map<string, number>();
  for (const block of text.split(/^-{10}[-+]*\n/m).slice(1)) {
    // Lines of labels come first, such as `bytes:  1024`.
    const lines = block.split('\n').filter((line) => line.trim() !== '' && !/^ +[a-z_]+:  /.test(line));
    const [, value = '', leaf = ''] = /^ *(-?\d+)(?:ns|B)?(?: {3}(.*))?$/.exec(lines[0] ?? '') ?? [];
    if (value === '') continue;
    const names = [leaf, ...lines.slice(1)].map((name) =>
      name.trim().replace(/ \((?:partial-)?inline\)$/, ''),
    );
    const stack = names.toReversed().join(';');
    stacks.set(stack, (stacks.get(stack) ?? 0) + Number(value));
  }
  return withoutZeros(stacks);
}

function folded(text: string): Map<string, number> {
  const lines = text.split('\n').filter(Boolean);
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}

/** Name -> [flat, cum] of `-top`. */
function top(options: Options, granularity: string, { unit }: Source, file: string): Map<string, number[]> {
  const text = pprof(['-top', `-${granularity}`, `-unit=${UNITS[unit]}`], options, file);
  const rows = text.split('\n').flatMap((line) => {
    const row = /^ *(-?\d+)(?:ns|B)? +\S+ +\S+ +(-?\d+)(?:ns|B)? +\S+ {2}(.*)$/.exec(line);
    return row === null
      ? []
      : [[row[3]!.replace(/ \((?:partial-)?inline\)$/, ''), [Number(row[1]), Number(row[2])]] as const];
  });
  const sums = new Map<string, number[]>();
  for (const [name, [flat = 0, cum = 0]] of rows) {
    const [oldFlat = 0, oldCum = 0] = sums.get(name) ?? [];
    sums.set(name, [oldFlat + flat, oldCum + cum]);
  }
  return sums;
}

/** `-traces` does not show samples without frames. */
function withoutEmpty(stacks: Map<string, number>): Map<string, number> {
  return new Map([...stacks].filter(([stack]) => stack !== ''));
}

function withoutZeros(stacks: Map<string, number>): Map<string, number> {
  return new Map([...stacks].filter(([, value]) => value !== 0));
}

describeWithTool(['go'], 'what go tool pprof computes from the same file', () => {
  let query: TestQuery;
  let folder: string;
  const types = new Map<string, string>();

  beforeAll(async () => {
    query = await TestQuery.start();
    folder = mkdtempSync(join(tmpdir(), 'everflame-pprof-'));
    const batch = new ProfileBatch();
    for (const { file, service, unit } of SOURCES) {
      const ids = addPprof(batch, readTestdata(file), {
        name: 'corpus',
        labels: { service_name: service },
        timeMs: TIME_MS,
      });
      const id = unit === 'B' ? ids.find((type) => type.includes(':inuse_space:')) : ids.at(-1);
      types.set(service, `${id}{service_name="${service}"}`);
    }
    const labelled = labelledPprof();
    writeFileSync(join(folder, 'labelled.pb'), labelled);
    const [type] = addPprof(batch, labelled, {
      name: 'corpus',
      labels: { service_name: 'labelled' },
      timeMs: TIME_MS,
    });
    types.set('labelled', `${type}{service_name="labelled"}`);
    await query.insert(batch);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await query.close();
  });

  const fileOf = (source: Source): string => join(import.meta.dirname, '../../../testdata', source.file);
  const cases = SOURCES.flatMap((source) =>
    FILTERS.map((options) => ({ source, options, title: `${source.service} ${JSON.stringify(options)}` })),
  );

  it.each(cases)('has the stacks of $title, by function and by line', async ({ source, options }) => {
    const params = { query: types.get(source.service)!, ...RANGE, ...options, format: 'collapsed' };
    const functions = await query.text('flamegraph', params);
    expect(withoutEmpty(folded(functions))).toEqual(traces(options, 'functions', source, fileOf(source)));
    const lines = await query.text('flamegraph', { ...params, granularity: 'line' });
    expect(withoutEmpty(folded(lines))).toEqual(traces(options, 'lines', source, fileOf(source)));
  });

  it.each(cases)('has the flat and cum of $title, by file and by line', async ({ source, options }) => {
    for (const [granularity, flag] of [
      ['file', 'files'],
      ['line', 'lines'],
    ] as const) {
      const params = {
        query: types.get(source.service)!,
        ...RANGE,
        ...options,
        granularity,
        limit: '100000',
      };
      const { functions } = await query.json<TopResponse>('top', params);
      const ours = new Map(functions.map(({ name, self, total }) => [name, [self, total]]));
      expect(ours).toEqual(top(options, flag, source, fileOf(source)));
    }
  });

  it.each([
    { tagfocus: 'region=eu' },
    { tagfocus: 'region=eu,us' },
    { tagfocus: 'region=^eu-1$' },
    { tagfocus: 'region=^$' },
    { tagfocus: 'nothing=eu' },
    { tagignore: 'region=eu' },
    { tagignore: 'region=us|ap' },
    { tagfocus: 'region:' },
    { tagfocus: 'eu-' },
    { tagfocus: 'eu-,premium' },
    { tagfocus: 'absent' },
    { tagignore: 'tier:p' },
    { tagignore: 'eu|premium' },
    { tagfocus: 'region=.', tagignore: 'tier=free' },
    { tagfocus: 'eu|prem' },
    { tagignore: 'eu,premium' },
    { tagignore: 'region=.*' },
    { tagfocus: 'eu|us', tagignore: 'premium' },
  ])('selects by labels as %j does', async (options) => {
    const params = { query: types.get('labelled')!, ...RANGE, ...options, format: 'collapsed' };
    const source: Source = { file: '', service: 'labelled', unit: 'ns' };
    const expected = traces(options, 'functions', source, join(folder, 'labelled.pb'));
    expect(folded(await query.text('flamegraph', params))).toEqual(expected);
  });
});

/** Samples with string labels; one has none. */
function labelledPprof(): Uint8Array {
  const type = { type: 'cpu', unit: 'nanoseconds' };
  const builder = new PprofBuilder({
    sampleTypes: [type],
    periodType: type,
    period: 1,
    durationNanos: 10n ** 10n,
  });
  const location = (name: string): number =>
    builder.addLocation({
      lines: [{ functionId: builder.addFunction({ name, file: `${name}.go` }), line: 7 }],
    });
  const [main, work, idle] = ['main', 'work', 'idle'].map(location) as [number, number, number];
  const add = (stack: number[], value: number, labels: Record<string, string>): void =>
    builder.addSample(
      stack,
      [value],
      Object.entries(labels).map(([key, str]) => ({ key, str })),
    );
  add([work, main], 1, { region: 'eu-1', tier: 'free' });
  add([work, main], 2, { region: 'eu-2', tier: 'premium' });
  add([idle, main], 4, { region: 'us-1', tier: 'premium' });
  add([idle, work, main], 8, { region: 'ap-1' });
  add([main], 16, {});
  return builder.finish();
}
