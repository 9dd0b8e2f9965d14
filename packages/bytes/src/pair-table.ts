import { grown, powerOfTwoFor } from './growing-array.ts';

/**
 * A set of pairs of 32-bit numbers (such as the halves of a 64-bit id, or a node and a symbol), each with a row: its
 * number in the order of insertion, from 0. Open addressing; pooled: `reset` keeps the memory.
 */
export class PairTable {
  /** How many pairs there are. */
  count = 0;
  /** The first number of each row, as signed; longer than `count`, and valid until a pair is added. */
  lo: Int32Array<ArrayBuffer>;
  /** As `lo`, the second number. */
  hi: Int32Array<ArrayBuffer>;
  /** Row + 1 by slot; 0 is free. */
  #slots: Uint32Array<ArrayBuffer>;
  #mask: number;
  #seed = 0;

  /** Has room for `capacity` pairs, and makes more where it must. */
  constructor(capacity = 1024) {
    this.lo = new Int32Array(capacity);
    this.hi = new Int32Array(capacity);
    this.#slots = new Uint32Array(slotsFor(capacity));
    this.#mask = this.#slots.length - 1;
  }

  /**
   * Forgets all pairs and makes room for `capacity` of them. Where strangers choose the pairs, a `seed` that they cannot
   * choose keeps them from choosing pairs that all fall into one slot.
   */
  reset(capacity: number, seed = 0): void {
    this.count = 0;
    this.#seed = seed;
    this.#resize(slotsFor(capacity));
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    return this.#slots.byteLength + this.lo.byteLength + this.hi.byteLength;
  }

  /** Returns the row of a pair, or -1. */
  find(lo: number, hi: number): number {
    return (this.#slots[this.#slotOf(lo | 0, hi | 0)] as number) - 1;
  }

  /** Returns the row of a pair, which is the former `count` when it is new. */
  add(lo: number, hi: number): number {
    const slot = this.#slotOf(lo | 0, hi | 0);
    const known = this.#slots[slot] as number;
    if (known !== 0) return known - 1;
    const row = this.count++;
    this.#slots[slot] = this.count;
    if (this.lo.length < this.count) {
      this.lo = grown(this.lo, this.count);
      this.hi = grown(this.hi, this.count);
    }
    this.lo[row] = lo;
    this.hi[row] = hi;
    // Two thirds full at most.
    if (this.count * 3 > this.#mask * 2 + 2) this.#resize((this.#mask + 1) * 2);
    return row;
  }

  /** The slot that has the pair, or the free one where it belongs. */
  #slotOf(lo: number, hi: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = this.#hash(lo, hi) & mask;
    for (;;) {
      const row = (slots[slot] as number) - 1;
      if (row < 0 || (this.lo[row] === lo && this.hi[row] === hi)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #hash(lo: number, hi: number): number {
    const seed = this.#seed;
    let h = Math.imul(lo ^ seed, 0x9e3779b1);
    h ^= h >>> 15;
    h = Math.imul(h + hi, seed | 1);
    h ^= h >>> 13;
    h = Math.imul(h, 0xc2b2ae35);
    return h ^ (h >>> 16);
  }

  /** Puts the pairs that there are into that many slots. */
  #resize(size: number): void {
    if (this.#slots.length < size) this.#slots = new Uint32Array(size);
    else this.#slots.fill(0, 0, size);
    this.#mask = size - 1;
    for (let row = 0; row < this.count; row++) {
      this.#slots[this.#slotOf(this.lo[row] as number, this.hi[row] as number)] = row + 1;
    }
  }
}

function slotsFor(capacity: number): number {
  return powerOfTwoFor(capacity * 1.5);
}
