import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pprofOfCollapsed } from '@everflame/testkit';
import { ProfileBatch } from '@everflame/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestQuery } from './support/query-service.ts';
import { addPprof } from './support/store-pprof.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const STACKS = 30_000;
const FUNCTIONS = 3000;
const TEN_MINUTES = 600_000;

/** A profile of stacks of three frames; every stack ends in another pair of functions. */
function largeProfile(timeMs: number): ProfileBatch {
  const stacks = Array.from({ length: STACKS }, (_, stack) => {
    const names = [stack % 7, 20 + Math.floor(stack / FUNCTIONS), stack % FUNCTIONS].map(
      (id) => `main.function${id}`,
    );
    return `${names.join(';')} ${1 + ((stack * 7919) % 1000)}`;
  });
  const batch = new ProfileBatch();
  const labels = { service_name: 'checkout' };
  addPprof(batch, pprofOfCollapsed({ stacks }), { name: 'process_cpu', labels, timeMs, durationMs: 10_000 });
  return batch;
}

/** The service as it is built and started, where large trees are made in a thread, next to one that has none. */
describe('large trees', () => {
  const nowMs = Date.now();
  const range = { from: String(nowMs - TEN_MINUTES), to: String(nowMs) };
  let inline: TestQuery;
  let built: ChildProcess;
  let url: string;

  beforeAll(async () => {
    if (!existsSync(main)) throw new Error('Run npm run build first: this tests what is built.');
    let clickhouseUrl = '';
    inline = await TestQuery.start(undefined, async (address) => (clickhouseUrl = address));
    await inline.insert(largeProfile(nowMs - TEN_MINUTES / 2));
    const settings = {
      QUERY_PORT: '0',
      CLICKHOUSE_URL: clickhouseUrl,
      CLICKHOUSE_DATABASE: inline.clickhouse.database,
      CLICKHOUSE_EMBEDDED: 'true',
      QUERY_CACHE_BYTES: '0',
    };
    built = fork(main, [], { env: { ...process.env, ...settings }, execArgv: [], silent: true });
    const [ready] = (await once(built, 'message')) as [{ url: string }];
    url = `${ready.url}/api/v1`;
  });

  afterAll(async () => {
    if (built?.exitCode === null) {
      const ended = once(built, 'exit');
      built.kill('SIGTERM');
      expect((await ended)[0]).toBe(0);
    }
    await inline?.close();
  });

  it.each<[string, Record<string, string>]>([
    ['flamegraph', { query: `${CPU}{}`, ...range, max_nodes: '1000' }],
    ['flamegraph', { query: `${CPU}{}`, ...range, max_nodes: '1000000' }],
    ['flamegraph', { query: `${CPU}{}`, ...range, root: JSON.stringify(['main.function3']) }],
    [
      'flamegraph/diff',
      {
        left_query: `${CPU}{}`,
        left_from: range.from,
        left_to: range.to,
        right_query: `${CPU}{}`,
        right_from: range.from,
        right_to: range.to,
        normalize: 'share',
      },
    ],
  ])('are the same from a thread (%s)', async (path, params) => {
    const answer = await fetch(`${url}/${path}?${new URLSearchParams(params).toString()}`);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const expected = await inline.text(path, params);
    expect(await answer.text()).toBe(expected);
    expect(expected.length).toBeGreaterThan(10_000);
  });

  it('say that a root leads nowhere', async () => {
    const params = { query: `${CPU}{}`, ...range, root: '["nowhere"]' };
    const answer = await fetch(`${url}/flamegraph?${new URLSearchParams(params).toString()}`);
    expect([answer.status, await answer.json()]).toEqual([
      404,
      expect.objectContaining({ error: expect.objectContaining({ code: 'unknown_root' }) as unknown }),
    ]);
  });
});
