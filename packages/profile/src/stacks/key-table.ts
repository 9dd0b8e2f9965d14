import { grown, powerOfTwoFor } from '@everflame/bytes';

/**
 * A set of keys (64-bit hash, 32-bit group) with dense rows in the order of insertion. Open addressing; pooled.
 * The hashes are already well mixed, so the slot is their low bits: `PairTable`, which mixes, costs flattening 6 %.
 */
export class KeyTable {
  count = 0;
  lo = new Int32Array(1024);
  hi = new Int32Array(1024);
  group = new Uint32Array(1024);
  #slots = new Uint32Array(2048);
  #mask = 2047;

  /** Forgets all keys and makes room for `capacity` keys. */
  reset(capacity: number): void {
    this.count = 0;
    const size = powerOfTwoFor(2 * capacity);
    this.#mask = size - 1;
    if (this.#slots.length < size) this.#slots = new Uint32Array(size);
    else this.#slots.fill(0, 0, size);
  }

  /** The row of the key, which is `count - 1` when it is new. */
  add(lo: number, hi: number, group: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = (lo ^ Math.imul(group, 0x9e3779b1)) & mask;
    for (;;) {
      const row = (slots[slot] as number) - 1;
      if (row < 0) break;
      if (this.lo[row] === lo && this.hi[row] === hi && this.group[row] === group) return row;
      slot = (slot + 1) & mask;
    }
    const row = this.count++;
    slots[slot] = this.count;
    if (this.lo.length < this.count) this.#grow();
    this.lo[row] = lo;
    this.hi[row] = hi;
    this.group[row] = group;
    return row;
  }

  #grow(): void {
    this.lo = grown(this.lo, this.count);
    this.hi = grown(this.hi, this.count);
    this.group = grown(this.group, this.count);
  }
}

/** Up to this many keys, as many buckets as there are keys tell nearly all of them apart. */
const FEW_KEYS = 4096;
const MIN_BITS = 8;
const MAX_BITS = 12;

/**
 * Orders the rows of a key table by unsigned 64-bit hash, then by group. Radix sort on the high word, or on its highest
 * bits when there are few keys, then insertion sort of what is still equal; pooled.
 */
export class KeyOrder {
  #rows = new Uint32Array(1024);
  #other = new Uint32Array(1024);
  readonly #starts = new Uint32Array(1 << MAX_BITS);

  /** The rows in order; longer than there are keys. Valid until the next call. */
  order(keys: KeyTable): Uint32Array {
    const count = keys.count;
    this.#rows = grown(this.#rows, count);
    this.#other = grown(this.#other, count);
    for (let i = 0; i < count; i++) this.#rows[i] = i;
    const isFew = count <= FEW_KEYS;
    const bits = isFew ? Math.min(MAX_BITS, Math.max(MIN_BITS, 32 - Math.clz32(count))) : MIN_BITS;
    const sortedFrom = isFew ? 32 - bits : 0;
    for (let shift = sortedFrom; shift < 32; shift += bits) this.#pass(keys.hi, shift, bits, count);
    this.#orderTies(keys, sortedFrom, count);
    return this.#rows;
  }

  #pass(hi: Int32Array, shift: number, bits: number, count: number): void {
    const rows = this.#rows;
    const target = this.#other;
    const buckets = 1 << bits;
    const mask = buckets - 1;
    const starts = this.#starts.fill(0, 0, buckets);
    for (let i = 0; i < count; i++) {
      const digit = ((hi[i] as number) >>> shift) & mask;
      starts[digit] = (starts[digit] as number) + 1;
    }
    let sum = 0;
    for (let digit = 0; digit < buckets; digit++) {
      const size = starts[digit] as number;
      starts[digit] = sum;
      sum += size;
    }
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      const digit = ((hi[row] as number) >>> shift) & mask;
      const at = starts[digit] as number;
      target[at] = row;
      starts[digit] = at + 1;
    }
    this.#rows = target;
    this.#other = rows;
  }

  #orderTies(keys: KeyTable, shift: number, count: number): void {
    const rows = this.#rows;
    let start = 0;
    for (let i = 1; i <= count; i++) {
      const prefix = (keys.hi[rows[start] as number] as number) >>> shift;
      if (i < count && (keys.hi[rows[i] as number] as number) >>> shift === prefix) continue;
      if (i - start > 32) rows.subarray(start, i).sort((a, b) => compareKeys(keys, a, b));
      else if (i - start > 1) insertionSort(keys, rows, start, i);
      start = i;
    }
  }
}

function insertionSort(keys: KeyTable, rows: Uint32Array, start: number, end: number): void {
  for (let i = start + 1; i < end; i++) {
    const row = rows[i] as number;
    let at = i;
    for (; at > start && compareKeys(keys, rows[at - 1] as number, row) > 0; at--) {
      rows[at] = rows[at - 1] as number;
    }
    rows[at] = row;
  }
}

function compareKeys(keys: KeyTable, a: number, b: number): number {
  return (
    ((keys.hi[a] as number) >>> 0) - ((keys.hi[b] as number) >>> 0) ||
    ((keys.lo[a] as number) >>> 0) - ((keys.lo[b] as number) >>> 0) ||
    (keys.group[a] as number) - (keys.group[b] as number)
  );
}
