import { type MergedStacks, mergePair, mergeStacks, type ProfileFilter } from '@everflame/storage';
import type { ClosedReads } from './cached-answers.ts';
import { decodeMerged, encodeMerged } from './merged-entry.ts';

type Aggregate = 'kind' | 'sum';

const CODEC = { encode: encodeMerged, decode: decodeMerged };

/**
 * Merges profiles, those of closed hours through a cache. What is kept is the sum per stack and not a tree: so one entry
 * serves every filter, every zoom and every export of a range.
 */
export class MergeReads {
  private readonly reads: ClosedReads;

  constructor(reads: ClosedReads) {
    this.reads = reads;
  }

  async merge(filter: ProfileFilter, aggregate: Aggregate): Promise<MergedStacks> {
    const load = (): Promise<MergedStacks> => mergeStacks(this.reads.clickhouse, filter, { aggregate });
    return this.reads.read(filter, ['merge', aggregate], CODEC, load);
  }

  /**
   * Both sides of a comparison; where nothing of them can be kept, in one pass over the profiles, and then with one pair
   * of id arrays.
   */
  async mergeBoth(
    left: ProfileFilter,
    right: ProfileFilter,
    aggregate: Aggregate,
  ): Promise<readonly [MergedStacks, MergedStacks]> {
    if (!this.reads.canKeep(left) || !this.reads.canKeep(right)) {
      const pair = await mergePair(this.reads.clickhouse, left, right, { aggregate });
      if (pair !== undefined) return [pair.left, pair.right];
    }
    return Promise.all([this.merge(left, aggregate), this.merge(right, aggregate)]);
  }
}
