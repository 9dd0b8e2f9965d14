import { LimitExceededError } from '../errors.ts';
import type { Hash64 } from '../hash64.ts';
import { grownInt32, grownUint32 } from '../pprof/growth.ts';
import type { PprofColumns } from '../pprof/pprof-columns.ts';
import type { FlattenLimits } from './flat-profile.ts';
import { FrameTable } from './frame-table.ts';
import { StringHashes } from './string-hashes.ts';

/** Rows that are kept for the next profile even when this one needs few. */
const KEPT_ROWS = 4 << 20;

/**
 * Expands the stacks of a profile's samples to frames and hashes them: a fold of the frames' hashes from leaf to root,
 * so that the hash depends on nothing but the frames. Pooled: valid until the next `expand`.
 */
export class SampleStacks {
  readonly frames = new FrameTable();
  /** Rows of `frames` of all samples, leaf first. */
  rows = new Int32Array(16_384);
  /** Sample `i` owns the range `[start[i], start[i + 1])` of `rows`. */
  start = new Uint32Array(1024);
  /** The hash of each sample's stack, as signed halves. */
  lo = new Int32Array(1024);
  hi = new Int32Array(1024);
  readonly #strings = new StringHashes();

  /** Throws `LimitExceededError` (stack_frames). */
  expand(columns: PprofColumns, salt: Hash64, limits: FlattenLimits): void {
    const { sampleCount } = columns;
    this.#strings.reset(columns.strings, salt, limits.maxStringBytes);
    this.frames.build(columns, this.#strings, salt);
    this.start = grownUint32(this.start, sampleCount + 1);
    this.lo = grownInt32(this.lo, sampleCount);
    this.hi = grownInt32(this.hi, sampleCount);
    const refs = columns.sampleStart[sampleCount] as number;
    if (this.rows.length > KEPT_ROWS && refs < KEPT_ROWS / 8) this.rows = new Int32Array(16_384);
    let sample = 0;
    while (sample < sampleCount) {
      // Most profiles take one turn. What stops the fast loop is a stack that may be too deep, or the end of the room.
      sample = this.#foldMany(columns, salt, limits.maxDepth, sample);
      if (sample < sampleCount) this.#foldOne(columns, salt, limits, sample++);
    }
  }

  /** Folds from sample `from` on, as far as it is simple, and returns the first sample that was not folded. */
  #foldMany(columns: PprofColumns, salt: Hash64, maxDepth: number, from: number): number {
    const { sampleCount, sampleStart, sampleLocations } = columns;
    const { rows, start: starts, lo: sampleLo, hi: sampleHi } = this;
    const { first, hashLo, hashHi, mostRows } = this.frames;
    const room = rows.length - maxDepth;
    const saltLo = salt.lo | 0;
    const saltHi = salt.hi | 0;
    let out = from === 0 ? 0 : (starts[from] as number) | 0;
    let at = (sampleStart[from] as number) | 0;
    for (let sample = from; sample < sampleCount; sample++) {
      const end = (sampleStart[sample + 1] as number) | 0;
      if ((end - at) * mostRows > maxDepth || out > room) return sample;
      const start = out;
      starts[sample] = start;
      let lo = saltLo;
      let hi = saltHi;
      for (; at < end; at++) {
        const location = (sampleLocations[at] as number) | 0;
        let row = (first[location] as number) | 0;
        const stop = (first[location + 1] as number) | 0;
        do {
          rows[out++] = row;
          lo = foldLow(lo, hashLo[row] as number);
          hi = foldHigh(hi, hashHi[row] as number);
        } while (++row < stop);
      }
      starts[sample + 1] = out;
      sampleLo[sample] = finishLow(lo, hi, out - start);
      sampleHi[sample] = finishHigh(lo, hi);
    }
    return sampleCount;
  }

  /** Folds a stack that may be too deep; of one that is, the root side is kept below one cut frame. */
  #foldOne(
    columns: PprofColumns,
    salt: Hash64,
    { maxDepth, maxStackFrames }: FlattenLimits,
    sample: number,
  ): void {
    const start = sample === 0 ? 0 : (this.start[sample] as number);
    this.start[sample] = start;
    const depth = Math.min(this.#depthOf(columns, sample, maxDepth + 1), maxDepth + 1);
    const kept = Math.min(depth, maxDepth);
    if (start + kept > maxStackFrames) {
      throw new LimitExceededError(
        'stack_frames',
        maxStackFrames,
        'more',
        'Send a profile with fewer samples.',
      );
    }
    this.rows = grownInt32(this.rows, start + kept + maxDepth);
    this.#takeFromRoot(columns, sample, start, start + kept);
    const { rows } = this;
    const { hashLo, hashHi, cutRow } = this.frames;
    if (depth > maxDepth) rows[start] = cutRow;
    let lo = salt.lo | 0;
    let hi = salt.hi | 0;
    for (let i = start; i < start + kept; i++) {
      const row = rows[i] as number;
      lo = foldLow(lo, hashLo[row] as number);
      hi = foldHigh(hi, hashHi[row] as number);
    }
    this.start[sample + 1] = start + kept;
    this.lo[sample] = finishLow(lo, hi, kept);
    this.hi[sample] = finishHigh(lo, hi);
  }

  /** Depth of a stack in frames; counting stops at `enough`. */
  #depthOf({ sampleStart, sampleLocations }: PprofColumns, sample: number, enough: number): number {
    const { first } = this.frames;
    const end = sampleStart[sample + 1] as number;
    let depth = 0;
    for (let at = sampleStart[sample] as number; at < end && depth < enough; at++) {
      const location = sampleLocations[at] as number;
      depth += (first[location + 1] as number) - (first[location] as number);
    }
    return depth;
  }

  /** Fills `rows[start, end)` with the frames of a sample, beginning at the root and the end. */
  #takeFromRoot(
    { sampleStart, sampleLocations }: PprofColumns,
    sample: number,
    start: number,
    end: number,
  ): void {
    const { first } = this.frames;
    let out = end;
    for (let at = (sampleStart[sample + 1] as number) - 1; out > start; at--) {
      const location = sampleLocations[at] as number;
      const leaf = first[location] as number;
      for (let row = (first[location + 1] as number) - 1; row >= leaf && out > start; row--) {
        this.rows[--out] = row;
      }
    }
  }
}

function foldLow(lane: number, frame: number): number {
  return Math.imul(((lane << 13) | (lane >>> 19)) ^ frame, 0x9e3779b1);
}

function foldHigh(lane: number, frame: number): number {
  return Math.imul(((lane << 17) | (lane >>> 15)) ^ frame, 0xc2b2ae35);
}

function finishLow(lo: number, hi: number, depth: number): number {
  return avalanche((lo + Math.imul(hi, 0x9e3779b1)) ^ depth);
}

function finishHigh(lo: number, hi: number): number {
  return avalanche((hi + Math.imul(lo + Math.imul(hi, 0x9e3779b1), 0x85ebca6b)) | 0);
}

function avalanche(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
