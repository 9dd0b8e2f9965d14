import { LimitExceededError } from '../errors.ts';
import { WireReader } from './pprof/wire-reader.ts';

/** A profile has a handful of sample types; more than this many is refused. */
export const MAX_SAMPLE_TYPES = 64;

/**
 * How many rows the tables of a profile may have. They bound the memory that decoding takes: a row of two bytes can
 * need thirty. All are far above what real profiles have; they are powers of two because arrays grow by doubling.
 */
export const TABLE_LIMITS = {
  mappings: 1 << 16,
  locations: 1 << 20,
  functions: 1 << 20,
  strings: 1 << 22,
  lines: 1 << 22,
  sample_labels: 1 << 23,
} as const;

/** Throws `LimitExceededError` when a table is about to have more rows than it may. */
export function checkRows(table: keyof typeof TABLE_LIMITS, rows: number): void {
  if (rows > TABLE_LIMITS[table]) throw tooManyRows(table, TABLE_LIMITS[table]);
}

export function tooManyRows(table: string, allowed: number, sent?: number): LimitExceededError {
  return new LimitExceededError(
    table,
    allowed,
    sent ?? 'more',
    'Profile for a shorter time or at a lower rate.',
  );
}

/** How many fields with that tag a message has, for the message of an error. */
export function countFields(bytes: Uint8Array, wanted: number): number {
  const reader = new WireReader();
  reader.reset(bytes);
  let count = 0;
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    if (tag === wanted) count++;
    reader.skip(tag);
  }
  return count;
}
