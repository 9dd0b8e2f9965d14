/**
 * Remembers which 64-bit ids were written lately, in a fixed table (direct mapped; a newer id evicts an older one),
 * so that dictionary rows are not written again with every profile. Forgetting only costs a repeated row.
 */
export class SeenSet {
  private readonly lo: Uint32Array;
  private readonly hi: Uint32Array;
  private readonly epochs: Uint32Array;
  private readonly mask: number;
  private epoch = 1;

  /** `slots` must be a power of two; 12 bytes each. */
  constructor(slots = 1 << 20) {
    this.lo = new Uint32Array(slots);
    this.hi = new Uint32Array(slots);
    this.epochs = new Uint32Array(slots);
    this.mask = slots - 1;
  }

  /** Whether the id was not in the set; it is afterwards. `scope` keeps ids of different owners apart. */
  add(lo: number, hi: number, scope: number): boolean {
    const scopedHi = (hi ^ Math.imul(scope, 0x9e3779b1)) >>> 0;
    const slot = (lo ^ Math.imul(scopedHi, 0x85ebca6b)) & this.mask;
    if (this.epochs[slot] === this.epoch && this.lo[slot] === lo && this.hi[slot] === scopedHi) return false;
    this.lo[slot] = lo;
    this.hi[slot] = scopedHi;
    this.epochs[slot] = this.epoch;
    return true;
  }

  /** Forgets everything. */
  clear(): void {
    this.epoch += 1;
  }
}
