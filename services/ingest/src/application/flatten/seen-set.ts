import type { Hash64 } from '@everflame/profile';

/**
 * Remembers which 64-bit ids were written lately, in a fixed table, so that dictionary rows are not written again with
 * every profile. An id has two places; a newer one evicts the older of the two that are there. Forgetting only costs a
 * repeated row. Two ids count as one only where two 64-bit hashes collide.
 */
export class SeenSet {
  /** Four words per pair of places, the newer first, so that one cache line has them. */
  readonly #words: Int32Array;
  readonly #mask: number;
  /** Keeps the loop that reads ahead from being taken for useless. */
  protected readAhead = 0;
  /** Differs after every `clear`, so that nothing from before is found. */
  #epoch = 0x85ebca6b | 0;

  /** `places` must be a power of two, at least 2; 8 bytes each. */
  constructor(places = 1 << 20) {
    this.#words = new Int32Array(2 * places);
    this.#mask = places / 2 - 1;
  }

  /**
   * Sets `found[i]` to 1 for each id that is in the set, else to 0. `owner`, a hash, keeps ids of different owners apart.
   * The table is larger than the caches: a short loop first reads from all places, so that many of the reads wait for
   * memory together.
   */
  find(lo: Uint32Array, hi: Uint32Array, owner: Hash64, found: Uint8Array): void {
    const words = this.#words;
    const mask = this.#mask;
    const ownerLo = owner.lo | 0;
    const ownerHi = owner.hi ^ this.#epoch;
    let readAhead = 0;
    for (let i = 0; i < lo.length; i++) {
      readAhead ^= words[(((lo[i] as number) ^ ownerLo) & mask) << 2] as number;
    }
    this.readAhead = readAhead;
    for (let i = 0; i < lo.length; i++) {
      const ownLo = (lo[i] as number) ^ ownerLo;
      const ownHi = (hi[i] as number) ^ ownerHi;
      const at = (ownLo & mask) << 2;
      const isNewer = words[at] === ownLo && words[at + 1] === ownHi;
      found[i] = isNewer || (words[at + 2] === ownLo && words[at + 3] === ownHi) ? 1 : 0;
    }
  }

  /** Whether the id was not in the set; it is afterwards. */
  add(lo: number, hi: number, owner: Hash64): boolean {
    const words = this.#words;
    const ownLo = lo ^ owner.lo;
    const ownHi = hi ^ owner.hi ^ this.#epoch;
    const at = (ownLo & this.#mask) << 2;
    if (words[at] === ownLo && words[at + 1] === ownHi) return false;
    if (words[at + 2] === ownLo && words[at + 3] === ownHi) return false;
    words[at + 2] = words[at] as number;
    words[at + 3] = words[at + 1] as number;
    words[at] = ownLo;
    words[at + 1] = ownHi;
    return true;
  }

  /** Forgets everything. */
  clear(): void {
    this.#epoch = (this.#epoch + 0x9e3779b9) | 0;
  }
}
