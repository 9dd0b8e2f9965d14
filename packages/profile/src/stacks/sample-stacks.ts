import type { Hash64 } from '../hash64.ts';
import { grownInt32 } from '../pprof/growth.ts';
import type { PprofColumns } from '../pprof/pprof-columns.ts';
import { FrameTable } from './frame-table.ts';
import { StringHashes } from './string-hashes.ts';

/** What `SampleStacks` needs to know of the limits. */
export interface DepthLimits {
  readonly maxDepth: number;
  readonly maxStringBytes: number;
}

/**
 * Expands the stacks of a profile's samples to frames and hashes them: a fold of the frames' hashes from leaf to root,
 * so that the hash depends on nothing but the frames. Pooled: valid until the next `reset`.
 */
export class SampleStacks {
  readonly frames = new FrameTable();
  /** Rows of `frames` of the stacks that were kept, leaf first. */
  rows = new Int32Array(16_384);
  /** The hash of the last stack, as signed halves. */
  lo = 0;
  hi = 0;
  /** The rows of the last stack are `rows[start, start + depth)`. */
  start = 0;
  depth = 0;
  #end = 0;
  readonly #strings = new StringHashes();
  #columns: PprofColumns | undefined;
  #maxDepth = 0;
  #salt: Hash64 = { lo: 0, hi: 0 };

  reset(columns: PprofColumns, salt: Hash64, limits: DepthLimits): void {
    this.#columns = columns;
    this.#salt = salt;
    this.#maxDepth = limits.maxDepth;
    this.#end = 0;
    this.#strings.reset(columns.strings, salt, limits.maxStringBytes);
    this.frames.build(columns, this.#strings, salt);
  }

  /** Reads the stack of a sample; what it writes to `rows` is overwritten by the next call unless it is kept. */
  read(sample: number): void {
    const columns = this.#columns;
    if (columns === undefined) return;
    const locations = columns.sampleLocations;
    const start = columns.sampleStart[sample] as number;
    const end = columns.sampleStart[sample + 1] as number;
    if (this.rows.length < this.#end + this.#maxDepth) {
      this.rows = grownInt32(this.rows, this.#end + this.#maxDepth);
    }
    this.start = this.#end;
    const canBeDeep = (end - start) * this.frames.mostRows > this.#maxDepth;
    if (canBeDeep && this.#isTooDeep(locations, start, end)) this.#readCut(locations, start, end);
    else this.#read(locations, start, end);
  }

  /** Keeps the rows of the last stack. */
  keep(): void {
    this.#end = this.start + this.depth;
  }

  #isTooDeep(locations: Uint32Array, start: number, end: number): boolean {
    const { first } = this.frames;
    let depth = 0;
    for (let at = start; at < end && depth <= this.#maxDepth; at++) {
      const location = locations[at] as number;
      depth += (first[location + 1] as number) - (first[location] as number);
    }
    return depth > this.#maxDepth;
  }

  #read(locations: Uint32Array, start: number, end: number): void {
    const { rows } = this;
    const { first, hashLo, hashHi } = this.frames;
    let lo = this.#salt.lo | 0;
    let hi = this.#salt.hi | 0;
    let out = this.start;
    for (let at = start; at < end; at++) {
      const location = (locations[at] as number) | 0;
      let row = (first[location] as number) | 0;
      const stop = (first[location + 1] as number) | 0;
      do {
        rows[out++] = row;
        lo = foldLow(lo, hashLo[row] as number);
        hi = foldHigh(hi, hashHi[row] as number);
      } while (++row < stop);
    }
    this.#finish(lo, hi, out - this.start);
  }

  /** Takes frames from the root side until one place is left, which is that of the cut frame. */
  #readCut(locations: Uint32Array, start: number, end: number): void {
    const { rows } = this;
    const { first, hashLo, hashHi, cutRow } = this.frames;
    let out = this.start + this.#maxDepth;
    for (let at = end - 1; at >= start && out > this.start + 1; at--) {
      const location = locations[at] as number;
      let row = (first[location + 1] as number) - 1;
      for (; row >= (first[location] as number) && out > this.start + 1; row--) rows[--out] = row;
    }
    rows[this.start] = cutRow;
    let lo = this.#salt.lo | 0;
    let hi = this.#salt.hi | 0;
    for (let i = this.start; i < this.start + this.#maxDepth; i++) {
      const row = rows[i] as number;
      lo = foldLow(lo, hashLo[row] as number);
      hi = foldHigh(hi, hashHi[row] as number);
    }
    this.#finish(lo, hi, this.#maxDepth);
  }

  #finish(foldedLo: number, foldedHi: number, depth: number): void {
    this.depth = depth;
    const lo = (foldedLo + Math.imul(foldedHi, 0x9e3779b1)) | 0;
    const hi = (foldedHi + Math.imul(lo, 0x85ebca6b)) | 0;
    this.lo = avalanche(lo ^ depth);
    this.hi = avalanche(hi);
  }
}

function foldLow(lane: number, frame: number): number {
  return (Math.imul(((lane << 13) | (lane >>> 19)) ^ frame, 0x9e3779b1) + 0x7f4a7c15) | 0;
}

function foldHigh(lane: number, frame: number): number {
  return (Math.imul(((lane << 17) | (lane >>> 15)) ^ frame, 0xc2b2ae35) + 0x27d4eb2f) | 0;
}

function avalanche(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
