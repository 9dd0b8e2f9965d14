import { MalformedProfileError } from '../../errors.ts';
import { grownUint32, powerOfTwoFor } from './growth.ts';

/**
 * Finds the row of a 64-bit id. Ids that are 1..n in order (Go, most encoders) need no table, nearly dense ones an
 * array, and any others (addresses used as ids) a hash table.
 */
export class IdIndex {
  count = 0;
  idLo = new Uint32Array(512);
  idHi = new Uint32Array(512);
  #isSequential = true;
  #hasHi = false;
  #maxId = 0;
  #table = new Uint32Array(0);
  #mask = 0;
  /** Taken from all ids, so that nobody can choose ids that all fall into one slot. */
  #seed = 0;
  readonly #what: string;

  /** `what` names the table in messages. */
  constructor(what: string) {
    this.#what = what;
  }

  clear(): void {
    this.count = 0;
    this.#isSequential = true;
    this.#hasHi = false;
    this.#maxId = 0;
    this.#mask = 0;
    this.#seed = 0;
  }

  /** Appends the id of the next row. */
  add(lo: number, hi: number): void {
    if (lo === 0 && hi === 0) {
      throw new MalformedProfileError(
        `Not a valid profile: a ${this.#what} has no id, or the reserved id 0.`,
      );
    }
    const row = this.count++;
    if (this.idLo.length <= row) {
      this.idLo = grownUint32(this.idLo, this.count);
      this.idHi = grownUint32(this.idHi, this.count);
    }
    this.idLo[row] = lo;
    this.idHi[row] = hi;
    this.#seed = (Math.imul(this.#seed ^ lo, 0x85ebca6b) + hi) | 0;
    if (hi !== 0) this.#hasHi = true;
    if (lo >>> 0 !== row + 1) this.#isSequential = false;
    if (lo >>> 0 > this.#maxId) this.#maxId = lo >>> 0;
  }

  /** Builds the index after the last `add`. Throws when an id occurs twice. */
  seal(): void {
    if (this.#hasHi) this.#isSequential = false;
    if (this.#isSequential) return;
    const isDense = !this.#hasHi && this.#maxId <= 4 * this.count + 1024;
    const size = isDense ? this.#maxId + 1 : powerOfTwoFor(2 * this.count);
    if (this.#table.length < size) this.#table = new Uint32Array(size);
    else this.#table.fill(0, 0, size);
    this.#mask = isDense ? 0 : size - 1;
    for (let row = 0; row < this.count; row++) this.#insert(row);
  }

  #insert(row: number): void {
    const lo = this.idLo[row] as number;
    const hi = this.idHi[row] as number;
    let slot = this.#mask === 0 ? lo : this.#slotOf(lo, hi);
    for (;;) {
      const taken = this.#table[slot] as number;
      if (taken === 0) break;
      if (this.idLo[taken - 1] === lo && this.idHi[taken - 1] === hi) {
        throw new MalformedProfileError(`Not a valid profile: two ${this.#what}s have the same id.`);
      }
      slot = (slot + 1) & this.#mask;
    }
    this.#table[slot] = row + 1;
  }

  /** The row with that id, or -1. */
  find(lo: number, hi: number): number {
    const low = lo >>> 0;
    if (this.#isSequential) return hi === 0 && low <= this.count ? low - 1 : -1;
    if (this.#mask === 0) return hi === 0 && low <= this.#maxId ? (this.#table[low] as number) - 1 : -1;
    const high = hi >>> 0;
    let slot = this.#slotOf(lo, hi);
    for (;;) {
      const row = (this.#table[slot] as number) - 1;
      if (row < 0 || (this.idLo[row] === low && this.idHi[row] === high)) return row;
      slot = (slot + 1) & this.#mask;
    }
  }

  /**
   * Replaces references by rows in `refs[0, count)`. A reference is the low half of an id less one, and `highest` the
   * highest of them; `refsHi` are the high halves where there are any.
   */
  resolveAll(refs: Uint32Array, refsHi: Uint32Array | undefined, count: number, highest: number): void {
    if (this.#isSequential && refsHi === undefined) {
      if (highest >= this.count) throw this.unresolved();
      return;
    }
    for (let i = 0; i < count; i++) {
      const row = this.find((refs[i] as number) + 1, refsHi?.[i] ?? 0);
      if (row < 0) throw this.unresolved();
      refs[i] = row;
    }
  }

  unresolved(): MalformedProfileError {
    return new MalformedProfileError(`Not a valid profile: it refers to a ${this.#what} that is not in it.`);
  }

  #slotOf(lo: number, hi: number): number {
    let h = Math.imul(lo ^ this.#seed, 0x9e3779b1);
    h ^= h >>> 15;
    h = Math.imul(h + hi, this.#seed | 1);
    h ^= h >>> 13;
    h = Math.imul(h, 0xc2b2ae35);
    return (h ^ (h >>> 16)) & this.#mask;
  }
}
