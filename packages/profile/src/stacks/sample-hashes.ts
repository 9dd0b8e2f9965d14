import type { Hash64 } from '../hash64.ts';
import type { PprofColumns } from '../pprof/pprof-columns.ts';
import { FrameTable } from './frame-table.ts';
import { StringHashes } from './string-hashes.ts';

/**
 * Hashes the stacks of a profile's samples: a fold of the frames' hashes from leaf to root, with inlined frames
 * expanded, so that it depends on nothing but the frames. Pooled: valid until the next `reset`.
 */
export class SampleHashes {
  readonly frames = new FrameTable();
  readonly #strings = new StringHashes();
  #columns: PprofColumns | undefined;
  #maxDepth = 0;
  #salt: Hash64 = { lo: 0, hi: 0 };
  /** The hash of the last `readStack`, as signed halves. */
  lo = 0;
  hi = 0;
  /** Its depth in frames, before a cut. */
  depth = 0;

  reset(columns: PprofColumns, salt: Hash64, maxDepth: number, maxStringBytes: number): void {
    this.#columns = columns;
    this.#salt = salt;
    this.#maxDepth = maxDepth;
    this.#strings.reset(columns.strings, salt, maxStringBytes);
    this.frames.build(columns, this.#strings, salt);
  }

  /** Sets `lo`, `hi` and `depth` to those of the sample's stack. */
  readStack(sample: number): void {
    const columns = this.#columns;
    if (columns === undefined) return;
    const start = columns.sampleStart[sample] as number;
    const end = columns.sampleStart[sample + 1] as number;
    this.#fold(columns.sampleLocations, start, end);
    if (this.depth > this.#maxDepth) {
      const depth = this.depth;
      this.#foldCut(columns.sampleLocations, start, end, depth - this.#maxDepth + 1);
      this.depth = depth;
    }
  }

  #fold(locations: Uint32Array, start: number, end: number): void {
    const { first, hashLo, hashHi } = this.frames;
    let lo = this.#salt.lo | 0;
    let hi = this.#salt.hi | 0;
    let depth = 0;
    for (let at = start; at < end; at++) {
      const location = (locations[at] as number) | 0;
      let row = (first[location] as number) | 0;
      const stop = (first[location + 1] as number) | 0;
      depth += stop - row;
      do {
        lo = foldLow(lo, hashLo[row] as number);
        hi = foldHigh(hi, hashHi[row] as number);
      } while (++row < stop);
    }
    this.#finish(lo, hi, depth);
  }

  /** Folds the frames after the first `skipped`, which the cut frame stands for. */
  #foldCut(locations: Uint32Array, start: number, end: number, skipped: number): void {
    const { first, hashLo, hashHi, cutRow } = this.frames;
    let lo = foldLow(this.#salt.lo | 0, hashLo[cutRow] as number);
    let hi = foldHigh(this.#salt.hi | 0, hashHi[cutRow] as number);
    let depth = 0;
    for (let at = start; at < end; at++) {
      const location = locations[at] as number;
      const stop = first[location + 1] as number;
      for (let row = first[location] as number; row < stop; row++) {
        if (depth++ < skipped) continue;
        lo = foldLow(lo, hashLo[row] as number);
        hi = foldHigh(hi, hashHi[row] as number);
      }
    }
    this.#finish(lo, hi, depth - skipped + 1);
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
