import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithTool, answerSchema } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestQuery } from './support/query-service.ts';
import { BIG, CPU, foldPprof, HOT, RANGE, SIDES, startShop } from './support/shop.ts';

const flamegraphResponseSchema = answerSchema('get', 'flamegraph');

let query: TestQuery;

beforeAll(async () => {
  query = await startShop();
});
afterAll(() => query.close());

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
