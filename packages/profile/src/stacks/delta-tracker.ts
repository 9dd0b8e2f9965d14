import type { Hash64 } from '../hash64.ts';
import { powerOfTwoFor } from '../formats/pprof/growth.ts';
import type { PprofColumns } from '../formats/profile-columns.ts';
import { safeSum } from '../safe-values.ts';
import { DEFAULT_FLATTEN_LIMITS } from './flat-profile.ts';
import { KeyTable } from './key-table.ts';
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
       * As `PprofColumns.values`, with the cumulative types replaced by differences. Samples that differ in numeric
       * labels only are summed into the first of them, and the others are 0.
       */
      readonly values: Float64Array;
    };

const NO_SALT: Hash64 = { lo: 0, hi: 0 };

/** The memory that delta trackers work in; many trackers of one thread can share one. */
export class DeltaScratch {
  readonly stacks = new StackHashes();
  readonly labels = new LabelGroups();
  readonly keys = new KeyTable();
  rowOfSample = new Uint32Array(1024);

  /** Numbers the samples by stack and string labels: equal rows for samples that are summed. */
  number(columns: PprofColumns): void {
    this.stacks.hash(columns, NO_SALT, DEFAULT_FLATTEN_LIMITS);
    this.labels.reset(columns, 0);
    this.keys.reset(columns.sampleCount);
    if (this.rowOfSample.length < columns.sampleCount) {
      this.rowOfSample = new Uint32Array(2 * columns.sampleCount);
    }
    for (let sample = 0; sample < columns.sampleCount; sample++) {
      this.labels.readKey(sample);
      const lo = (this.stacks.lo[sample] as number) ^ this.labels.lo;
      const hi = ((this.stacks.hi[sample] as number) + Math.imul(this.labels.hi, 0x9e3779b1)) | 0;
      this.rowOfSample[sample] = this.keys.add(lo, hi, 0);
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
  #state = new DeltaState(0, 0);

  constructor(scratch: DeltaScratch = new DeltaScratch()) {
    this.#scratch = scratch;
  }

  /** Memory that is held between calls. */
  get bytes(): number {
    return this.#state.bytes;
  }

  /** Stacks that are remembered. */
  get stacks(): number {
    return this.#state.count;
  }

  /** Compares a profile with the previous one. Throws `DomainError` (`value_too_large`) when a sum is not exact. */
  apply(columns: PprofColumns, options: DeltaOptions): DeltaResult {
    const types = columns.sampleTypes.length;
    const cumulative = options.cumulative.filter((type) => type >= 0 && type < types);
    const signature = JSON.stringify([columns.sampleTypes, cumulative]);
    const scratch = this.#scratch;
    scratch.number(columns);
    const sums = sumByRow(columns, scratch, cumulative);
    const totals = cumulative.map((_, i) => totalOf(sums, cumulative.length, i));
    const previous = this.#state;
    const isSame = signature === this.#signature;
    const wentDown = isSame && totals.some((total, i) => total < (this.#totals[i] ?? 0));
    this.#signature = signature;
    this.#totals = totals;
    this.#state = DeltaState.of(scratch.keys, sums, cumulative.length);
    if (!isSame) return { kind: 'baseline' };
    if (wentDown) return { kind: 'reset' };
    previous.subtractFrom(scratch.keys, sums);
    return { kind: 'delta', values: spread(columns, scratch, cumulative, sums) };
  }
}

/** `sums[row * cumulative.length + i]` of the cumulative types. */
function sumByRow(
  columns: PprofColumns,
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
  columns: PprofColumns,
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

/** Last values by key: an open-addressing table over dense rows. */
class DeltaState {
  readonly count: number;
  readonly #lo: Int32Array;
  readonly #hi: Int32Array;
  readonly #width: number;
  #values = new Float64Array(0);
  readonly #slots: Uint32Array;

  constructor(count: number, width: number) {
    this.count = count;
    this.#width = width;
    this.#lo = new Int32Array(count);
    this.#hi = new Int32Array(count);
    this.#slots = new Uint32Array(count === 0 ? 1 : powerOfTwoFor(count + count / 2));
  }

  static of(keys: KeyTable, sums: Float64Array, width: number): DeltaState {
    const state = new DeltaState(keys.count, width);
    state.#values = sums.slice();
    const mask = state.#slots.length - 1;
    for (let row = 0; row < keys.count; row++) {
      const lo = keys.lo[row] as number;
      state.#lo[row] = lo;
      state.#hi[row] = keys.hi[row] as number;
      let slot = lo & mask;
      while (state.#slots[slot] !== 0) slot = (slot + 1) & mask;
      state.#slots[slot] = row + 1;
    }
    return state;
  }

  get bytes(): number {
    const arrays = [this.#lo, this.#hi, this.#values, this.#slots];
    return arrays.reduce((bytes, array) => bytes + array.byteLength, 0);
  }

  /** Subtracts the remembered values of each key from its `sums`. */
  subtractFrom(keys: KeyTable, sums: Float64Array): void {
    const width = this.#width;
    for (let row = 0; row < keys.count; row++) {
      const known = this.#find(keys.lo[row] as number, keys.hi[row] as number);
      if (known < 0) continue;
      for (let i = 0; i < width; i++) {
        const at = row * width + i;
        sums[at] = (sums[at] as number) - (this.#values[known * width + i] as number);
      }
    }
  }

  #find(lo: number, hi: number): number {
    const mask = this.#slots.length - 1;
    let slot = lo & mask;
    for (;;) {
      const row = (this.#slots[slot] as number) - 1;
      if (row < 0 || (this.#lo[row] === lo && this.#hi[row] === hi)) return row;
      slot = (slot + 1) & mask;
    }
  }
}
