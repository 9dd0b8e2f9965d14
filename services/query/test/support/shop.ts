import { gunzipSync } from 'node:zlib';
import { PprofBuilder, ProfileDecoder, StackFlattener } from '@everflame/profile';
import { pprofOfCollapsed, toCollapsed } from '@everflame/testkit';
import { ProfileBatch } from '@everflame/storage';
import { TestQuery } from './query-service.ts';
import { addPprof } from './store-pprof.ts';

export const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
export const HOT = 'hot:cpu:nanoseconds:cpu:nanoseconds';
export const BIG = 'big:cpu:nanoseconds:cpu:nanoseconds';
// Within one minute bucket, whatever the time of day.
export const NOW = Math.floor((Date.now() - 180_000) / 60_000) * 60_000;
export const RANGE = { from: String(NOW - 60_000), to: String(NOW + 60_000) };
export const SIDES = {
  left_query: `${CPU}{version="1"}`,
  left_from: RANGE.from,
  left_to: RANGE.to,
  right_query: `${CPU}{version="2"}`,
  right_from: RANGE.from,
  right_to: RANGE.to,
};
const FORMULA = '=HYPERLINK("http://evil","|x|")';

/** Adds the collapsed stacks to a batch as one profile of the shop. */
export function add(
  batch: ProfileBatch,
  stacks: string[],
  labels: Record<string, string>,
  { name = 'process_cpu', timeMs = NOW }: { name?: string; timeMs?: number } = {},
): void {
  const bytes = pprofOfCollapsed({ stacks });
  addPprof(batch, bytes, { name, labels: { service_name: 'shop', ...labels }, timeMs, durationMs: 10_000 });
}

/** What `HOT_GO` of exports.integration.test.ts does; lines are those of its calls. */
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

/** A query service over three versions of one shop, one call of another service, and values whose sum is beyond 2^53. */
export async function startShop(): Promise<TestQuery> {
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
  const query = await TestQuery.start();
  await query.insert(batch);
  return query;
}

/** The stacks of a gzipped pprof file, each with its first value. */
export function foldPprof(gzipped: Buffer): string {
  const columns = new ProfileDecoder().decode(gunzipSync(gzipped));
  return toCollapsed(new StackFlattener().flatten(columns, { salt: { lo: 0, hi: 0 } }), 0);
}
