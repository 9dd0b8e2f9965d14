import type { ClickHouseSettings } from '@clickhouse/client';

/** Ids per statement: each reads the table, so a few long statements cost less than many short ones. */
export const IDS_PER_STATEMENT = 40_000;
/** Room for the digits of as many ids; ClickHouse's own default is 256 KiB. */
export const ID_STATEMENT_SETTINGS: ClickHouseSettings = { max_query_size: String(1024 * 1024) };
const CONCURRENT_STATEMENTS = 4;

/** Runs `query` on slices of the ids, a few at a time; answers come in the order of the slices. */
export async function inChunks<T>(
  lo: Uint32Array,
  hi: Uint32Array,
  query: (lo: Uint32Array, hi: Uint32Array) => Promise<T>,
): Promise<T[]> {
  const answers: T[] = [];
  for (let start = 0; start < lo.length; start += IDS_PER_STATEMENT * CONCURRENT_STATEMENTS) {
    const wave: Promise<T>[] = [];
    const end = Math.min(lo.length, start + IDS_PER_STATEMENT * CONCURRENT_STATEMENTS);
    for (let at = start; at < end; at += IDS_PER_STATEMENT) {
      wave.push(query(lo.subarray(at, at + IDS_PER_STATEMENT), hi.subarray(at, at + IDS_PER_STATEMENT)));
    }
    answers.push(...(await Promise.all(wave)));
  }
  return answers;
}
