import { grown, PairTable } from '@everflame/bytes';
import { MalformedProfileError } from '../../errors.ts';

/**
 * Finds the row of a 64-bit id. Ids that are 1..n in order (Go, most encoders) need no table, nearly dense ones an
 * array, and any others (addresses used as ids) a hash table.
 */
export class IdIndex {
  count = 0;
  #idLo = new Uint32Array(512);
  #idHi = new Uint32Array(512);
  #isSequential = true;
  #hasHi = false;
  #maxId = 0;
  /** Row + 1 by id where ids are nearly dense. */
  #rows = new Uint32Array(0);
  /** Made when a profile needs it for the first time. */
  #table: PairTable | undefined;
  #isDense = false;
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
    if (this.#idLo.length <= row) {
      this.#idLo = grown(this.#idLo, this.count);
      this.#idHi = grown(this.#idHi, this.count);
    }
    this.#idLo[row] = lo;
    this.#idHi[row] = hi;
    this.#seed = (Math.imul(this.#seed ^ lo, 0x85ebca6b) + hi) | 0;
    if (hi !== 0) this.#hasHi = true;
    if (lo >>> 0 !== row + 1) this.#isSequential = false;
    if (lo >>> 0 > this.#maxId) this.#maxId = lo >>> 0;
  }

  /** Builds the index after the last `add`. Throws when an id occurs twice. */
  seal(): void {
    if (this.#hasHi) this.#isSequential = false;
    if (this.#isSequential) return;
    this.#isDense = !this.#hasHi && this.#maxId <= 4 * this.count + 1024;
    const isUnique = this.#isDense ? this.#fillRows() : this.#fillTable();
    if (!isUnique) {
      throw new MalformedProfileError(`Not a valid profile: two ${this.#what}s have the same id.`);
    }
  }

  #fillRows(): boolean {
    if (this.#rows.length <= this.#maxId) this.#rows = new Uint32Array(this.#maxId + 1);
    else this.#rows.fill(0, 0, this.#maxId + 1);
    for (let row = 0; row < this.count; row++) {
      const id = this.#idLo[row] as number;
      if (this.#rows[id] !== 0) return false;
      this.#rows[id] = row + 1;
    }
    return true;
  }

  #fillTable(): boolean {
    this.#table ??= new PairTable(0);
    this.#table.reset(this.count, this.#seed);
    for (let row = 0; row < this.count; row++) {
      if (this.#table.add(this.#idLo[row] as number, this.#idHi[row] as number) !== row) return false;
    }
    return true;
  }

  /** Returns the row with that id, or -1. */
  find(lo: number, hi: number): number {
    const low = lo >>> 0;
    if (this.#isSequential) return hi === 0 && low <= this.count ? low - 1 : -1;
    if (this.#isDense) return hi === 0 && low <= this.#maxId ? (this.#rows[low] as number) - 1 : -1;
    return this.#table?.find(lo, hi) ?? -1;
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
}
