const EMPTY = 0xffff_ffff;

/** Open-addressing table from 64-bit ids (as two 32-bit halves) to their order of insertion. */
export class IdTable {
  private slots: Uint32Array;
  private keysLo: Uint32Array;
  private keysHi: Uint32Array;
  private used = 0;

  constructor(capacity = 1024) {
    let slots = 16;
    while (slots < capacity * 2) slots *= 2;
    this.slots = new Uint32Array(slots).fill(EMPTY);
    this.keysLo = new Uint32Array(slots / 2);
    this.keysHi = new Uint32Array(slots / 2);
  }

  get size(): number {
    return this.used;
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    return this.slots.byteLength + this.keysLo.byteLength + this.keysHi.byteLength;
  }

  /** The index of an id, or -1. */
  find(lo: number, hi: number): number {
    const index = this.slots[this.slotOf(lo, hi)] ?? EMPTY;
    return index === EMPTY ? -1 : index;
  }

  /** The index of an id, new (then equal to the former `size`) or known. */
  add(lo: number, hi: number): number {
    const slot = this.slotOf(lo, hi);
    const known = this.slots[slot] ?? EMPTY;
    if (known !== EMPTY) return known;
    const index = this.used++;
    this.slots[slot] = index;
    this.keysLo[index] = lo;
    this.keysHi[index] = hi;
    if (this.used * 2 >= this.slots.length) this.grow();
    return index;
  }

  lo(index: number): number {
    return this.keysLo[index] ?? 0;
  }

  hi(index: number): number {
    return this.keysHi[index] ?? 0;
  }

  private slotOf(lo: number, hi: number): number {
    const mask = this.slots.length - 1;
    const mixed = Math.imul(lo ^ Math.imul(hi, 0x85ebca6b), 0x9e3779b1);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    for (;;) {
      const index = this.slots[slot] ?? EMPTY;
      if (index === EMPTY || (this.keysLo[index] === lo && this.keysHi[index] === hi)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private grow(): void {
    const count = this.slots.length * 2;
    const [lo, hi] = [this.keysLo, this.keysHi];
    this.slots = new Uint32Array(count).fill(EMPTY);
    this.keysLo = new Uint32Array(count / 2);
    this.keysHi = new Uint32Array(count / 2);
    this.keysLo.set(lo);
    this.keysHi.set(hi);
    for (let index = 0; index < this.used; index++) {
      this.slots[this.slotOf(lo[index] ?? 0, hi[index] ?? 0)] = index;
    }
  }
}
