import { grown } from '@everflame/bytes';
import { LimitExceededError } from '../errors.ts';
import { type Hash64, mixWord } from '../hash64.ts';
import type { ProfileColumns } from '../formats/profile-columns.ts';
import type { FlattenLimits } from './flat-profile.ts';
import { FrameTable, stepFactorHigh, stepFactorLow } from './frame-table.ts';

/**
 * Hashes the stack of every sample of a profile, so that the hash depends on nothing but the frames, from leaf to root
 * and inlined ones expanded. Pooled: valid until the next `hash`.
 *
 * A frame is an affine step in each 32-bit lane, `lane = lane * a + b`, with an odd `a` and a `b` of its own. Steps
 * compose to steps, so a location takes one step however many frames are inlined in it, and the order of frames counts
 * because the steps do not commute. The mixing must never change: the hashes are stored as the identity of stacks.
 */
export class StackHashes {
  readonly frames = new FrameTable();
  /** Hash per sample, as signed halves. */
  lo = new Int32Array(1024);
  hi = new Int32Array(1024);
  /** Whether any stack may be deeper than the bound. */
  mayBeDeep = false;
  /** Frames that were walked one by one for stacks that are too deep. */
  #walkedFrames = 0;

  /** Throws `LimitExceededError` (stack_frames). */
  hash(columns: ProfileColumns, salt: Hash64, limits: FlattenLimits): void {
    const { sampleCount } = columns;
    this.frames.build(columns, salt, limits.stringBytes);
    this.#walkedFrames = 0;
    this.lo = grown(this.lo, sampleCount);
    this.hi = grown(this.hi, sampleCount);
    const mostRefs = this.#hashAll(columns, salt);
    this.mayBeDeep = mostRefs * this.frames.mostRows > limits.depth;
    if (this.mayBeDeep) this.#hashDeep(columns, salt, limits);
  }

  /** Hashes all stacks as if none were too deep; returns the most locations that one has. */
  #hashAll({ sampleCount, sampleStart, sampleLocations }: ProfileColumns, salt: Hash64): number {
    const { lo: sampleLo, hi: sampleHi } = this;
    const { steps } = this.frames;
    const saltLo = salt.lo | 0;
    const saltHi = salt.hi | 0;
    let at = 0;
    let mostRefs = 0;
    for (let sample = 0; sample < sampleCount; sample++) {
      const end = (sampleStart[sample + 1] as number) | 0;
      if (end - at > mostRefs) mostRefs = end - at;
      let lo = saltLo;
      let hi = saltHi;
      for (; at < end; at++) {
        const step = (sampleLocations[at] as number) << 2;
        lo = (Math.imul(lo, steps[step] as number) + (steps[step + 1] as number)) | 0;
        hi = (Math.imul(hi, steps[step + 2] as number) + (steps[step + 3] as number)) | 0;
      }
      const low = mixWord((lo + Math.imul(hi, 0x9e3779b1)) | 0);
      sampleLo[sample] = low;
      sampleHi[sample] = mixWord((hi + Math.imul(low, 0x85ebca6b)) | 0);
    }
    return mostRefs;
  }

  /** Hashes what is left of the stacks that are too deep. */
  #hashDeep(columns: ProfileColumns, salt: Hash64, limits: FlattenLimits): void {
    const { sampleCount, sampleStart } = columns;
    const { mostRows } = this.frames;
    const { depth: maxDepth } = limits;
    const rows = new Uint32Array(maxDepth);
    for (let sample = 0; sample < sampleCount; sample++) {
      const refs = (sampleStart[sample + 1] as number) - (sampleStart[sample] as number);
      if (refs * mostRows > maxDepth && this.frames.isDeeper(columns, sample, maxDepth)) {
        this.#walkedFrames += maxDepth;
        if (this.#walkedFrames > limits.stackFrames) throw tooManyFrames(limits.stackFrames);
        this.frames.takeFromRoot(columns, sample, rows);
        this.#hashRows(rows, salt, sample);
      }
    }
  }

  #hashRows(rows: Uint32Array, salt: Hash64, sample: number): void {
    const { hashLo, hashHi } = this.frames;
    let lo = salt.lo | 0;
    let hi = salt.hi | 0;
    for (const row of rows) {
      const frameLo = hashLo[row] as number;
      const frameHi = hashHi[row] as number;
      lo = (Math.imul(lo, stepFactorLow(frameHi)) + frameLo) | 0;
      hi = (Math.imul(hi, stepFactorHigh(frameLo)) + frameHi) | 0;
    }
    const low = mixWord((lo + Math.imul(hi, 0x9e3779b1)) | 0);
    this.lo[sample] = low;
    this.hi[sample] = mixWord((hi + Math.imul(low, 0x85ebca6b)) | 0);
  }
}

export function tooManyFrames(maxStackFrames: number): LimitExceededError {
  return new LimitExceededError('stack_frames', maxStackFrames, 'more', 'Send a profile with fewer samples.');
}
