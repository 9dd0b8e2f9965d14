import type { Hash64 } from '@everflame/profile';

/**
 * Remembers which 64-bit ids were written lately, in a fixed table (direct mapped; a newer id evicts an older one),
 * so that dictionary rows are not written again with every profile. Forgetting only costs a repeated row. Two ids are
 * taken for one as seldom as two 64-bit hashes are the same.
 */
export class SeenSet {
  /** Two words per slot, so that one cache line has them. */
  private readonly words: Int32Array;
  private readonly mask: number;
  /** Differs after every `clear`, so that nothing from before is found. */
  private epoch = 0x85ebca6b | 0;

  /** `slots` must be a power of two; 8 bytes each. */
  constructor(slots = 1 << 20) {
    this.words = new Int32Array(2 * slots);
    this.mask = slots - 1;
  }

  /**
   * Sets `found[i]` to 1 for each id that is in the set, else to 0. `scope`, a hash, keeps ids of different owners apart.
   * A loop of its own, because the table is larger than the caches and the reads then wait for memory together.
   */
  find(lo: Uint32Array, hi: Uint32Array, scope: Hash64, found: Uint8Array): void {
    const { words, mask } = this;
    const scopeLo = scope.lo | 0;
    const scopeHi = scope.hi ^ this.epoch;
    for (let i = 0; i < lo.length; i++) {
      const scopedLo = (lo[i] as number) ^ scopeLo;
      const slot = (scopedLo & mask) << 1;
      const isLow = words[slot] === scopedLo;
      found[i] = isLow && words[slot + 1] === ((hi[i] as number) ^ scopeHi) ? 1 : 0;
    }
  }

  /** Whether the id was not in the set; it is afterwards. */
  add(lo: number, hi: number, scope: Hash64): boolean {
    const scopedLo = lo ^ scope.lo;
    const scopedHi = hi ^ scope.hi ^ this.epoch;
    const slot = (scopedLo & this.mask) << 1;
    const { words } = this;
    if (words[slot] === scopedLo && words[slot + 1] === scopedHi) return false;
    words[slot] = scopedLo;
    words[slot + 1] = scopedHi;
    return true;
  }

  /** Forgets everything. */
  clear(): void {
    this.epoch = (this.epoch + 0x9e3779b9) | 0;
  }
}
