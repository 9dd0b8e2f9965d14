import { grown, PairTable } from '@everflame/bytes';
import type { Hash64 } from '../hash64.ts';
import type { ProfileColumns } from '../formats/profile-columns.ts';
import { safeSum } from '../safe-values.ts';
import { DEFAULT_FLATTEN_LIMITS } from './flat-profile.ts';
import { LabelGroups } from './label-groups.ts';
import { StackHashes } from './stack-hashes.ts';

export interface DeltaOptions {
  /** Indexes of the sample types that count since process start; all others are left as they are. */
  readonly cumulative: readonly number[];
}

/**
 * - `baseline`: the first profile, or the first with these sample types; there is nothing to compare it with.
 * - `reset`: a total went down, so the process restarted; this profile is the new baseline.
 * - `delta`: `values` has what happened since the previous profile.
 */
export type DeltaResult =
  | { readonly kind: 'baseline' | 'reset' }
  | {
      readonly kind: 'delta';
      /**
       * As `ProfileColumns.values`, with the cumulative types replaced by differences. Samples that differ in numeric
       * labels only are summed into the first of them, and the others are 0.
       */
      readonly values: Float64Array;
    };

const NO_SALT: Hash64 = { lo: 0, hi: 0 };

/** The memory that delta trackers work in; many trackers of one thread can share one. */
export class DeltaScratch {
  readonly stacks = new StackHashes();
  readonly labels = new LabelGroups();
  readonly keys = new PairTable();
  rowOfSample = new Uint32Array(1024);

  /** Numbers the samples by stack and string labels: equal rows for samples that are summed. */
  number(columns: ProfileColumns): void {
    this.stacks.hash(columns, NO_SALT, DEFAULT_FLATTEN_LIMITS);
    this.labels.reset(columns, 0);
    this.keys.reset(columns.sampleCount);
    this.rowOfSample = grown(this.rowOfSample, columns.sampleCount);
    for (let sample = 0; sample < columns.sampleCount; sample++) {
      this.labels.readKey(sample);
      const lo = (this.stacks.lo[sample] as number) ^ this.labels.lo;
      const hi = ((this.stacks.hi[sample] as number) + Math.imul(this.labels.hi, 0x9e3779b1)) | 0;
      this.rowOfSample[sample] = this.keys.add(lo, hi);
    }
  }
}

/**
 * Turns the successive profiles of one series, whose values count since process start, into differences. Stacks are
 * recognised by their frames and string labels. A stack that is missing from a profile is forgotten.
 */
export class DeltaTracker {
  readonly #scratch: DeltaScratch;
  #signature = '';
  #totals: number[] = [];
  /** The last sums by key, in no more memory than they take. */
  #keys = new PairTable(0);
  #sums: Float64Array = new Float64Array();

  constructor(scratch: DeltaScratch = new DeltaScratch()) {
    this.#scratch = scratch;
  }

  /** Memory that is held between calls. */
  get bytes(): number {
    return this.#keys.bytes + this.#sums.byteLength;
  }

  /** Compares a profile with the previous one. Throws `DomainError` (`value_too_large`) when a sum is not exact. */
  apply(columns: ProfileColumns, options: DeltaOptions): DeltaResult {
    const types = columns.sampleTypes.length;
    const cumulative = options.cumulative.filter((type) => type >= 0 && type < types);
    const signature = JSON.stringify([columns.sampleTypes, cumulative]);
    const scratch = this.#scratch;
    scratch.number(columns);
    const sums = sumByRow(columns, scratch, cumulative);
    const totals = cumulative.map((_, i) => totalOf(sums, cumulative.length, i));
    const isSame = signature === this.#signature;
    const wentDown = isSame && totals.some((total, i) => total < (this.#totals[i] ?? 0));
    const differences = isSame && !wentDown ? this.#subtract(sums, cumulative.length) : undefined;
    this.#signature = signature;
    this.#totals = totals;
    this.#sums = sums;
    const { count, lo, hi } = scratch.keys;
    this.#keys = new PairTable(count);
    for (let row = 0; row < count; row++) this.#keys.add(lo[row] as number, hi[row] as number);
    if (differences === undefined) return { kind: isSame ? 'reset' : 'baseline' };
    return { kind: 'delta', values: spread(columns, scratch, cumulative, differences) };
  }

  /** The sums of the rows in the scratch without what is remembered of their keys. */
  #subtract(sums: Float64Array, width: number): Float64Array {
    const { count, lo, hi } = this.#scratch.keys;
    const differences = sums.slice();
    for (let row = 0; row < count; row++) {
      const known = this.#keys.find(lo[row] as number, hi[row] as number);
      if (known < 0) continue;
      for (let i = 0; i < width; i++) {
        const index = row * width + i;
        differences[index] = (sums[index] as number) - (this.#sums[known * width + i] as number);
      }
    }
    return differences;
  }
}

/** `sums[row * cumulative.length + i]` of the cumulative types. */
function sumByRow(
  columns: ProfileColumns,
  { keys, rowOfSample }: DeltaScratch,
  cumulative: readonly number[],
): Float64Array {
  const width = cumulative.length;
  const types = columns.sampleTypes.length;
  const sums = new Float64Array(keys.count * width);
  for (let sample = 0; sample < columns.sampleCount; sample++) {
    const to = (rowOfSample[sample] as number) * width;
    for (let i = 0; i < width; i++) {
      const value = columns.values[sample * types + (cumulative[i] as number)] as number;
      sums[to + i] = safeSum(sums[to + i] as number, value);
    }
  }
  return sums;
}

function totalOf(sums: Float64Array, width: number, offset: number): number {
  let total = 0;
  for (let at = offset; at < sums.length; at += width) total = safeSum(total, sums[at] as number);
  return total;
}

/** Copies the values, with each row's difference on its first sample. */
function spread(
  columns: ProfileColumns,
  { keys, rowOfSample }: DeltaScratch,
  cumulative: readonly number[],
  sums: Float64Array,
): Float64Array {
  const types = columns.sampleTypes.length;
  const values = columns.values.slice(0, columns.sampleCount * types);
  const isSpread = new Uint8Array(keys.count);
  for (let sample = 0; sample < columns.sampleCount; sample++) {
    const row = rowOfSample[sample] as number;
    const isFirst = isSpread[row] === 0;
    isSpread[row] = 1;
    cumulative.forEach((type, i) => {
      const difference = isFirst ? (sums[row * cumulative.length + i] as number) : 0;
      values[sample * types + type] = Math.max(0, difference);
    });
  }
  return values;
}
