import { grown } from './growing-array.ts';

/** A growing list of 32-bit numbers; pooled: `clear` keeps its memory. */
export class Uint32List {
  /** Longer than the list, and replaced by `reserve` and `push`. For loops that read or write many numbers. */
  values: Uint32Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = 1024) {
    this.values = new Uint32Array(capacity);
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    return this.values.byteLength;
  }

  /** Returns the number at `index`, 0 beyond the end of the memory. */
  at(index: number): number {
    return this.values[index] ?? 0;
  }

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(1);
    this.values[this.length++] = value;
  }

  /** Appends a 64-bit number as two halves. */
  pushPair(lo: number, hi: number): void {
    if (this.length + 2 > this.values.length) this.reserve(2);
    this.values[this.length++] = lo;
    this.values[this.length++] = hi;
  }

  /** Appends little-endian numbers, as all platforms that this runs on have them; `bytes` need not be aligned. */
  pushBytes(bytes: Uint8Array): void {
    const count = bytes.length / 4;
    this.reserve(count);
    new Uint8Array(this.values.buffer, this.length * 4, bytes.length).set(bytes);
    this.length += count;
  }

  /** Makes room for `extra` more numbers and returns the memory, to write them after `length`. */
  reserve(extra: number): Uint32Array<ArrayBuffer> {
    if (this.length + extra > this.values.length) this.values = grown(this.values, this.length + extra);
    return this.values;
  }

  /** Drops what was appended beyond a length. */
  truncate(length: number): void {
    this.length = Math.min(this.length, length);
  }

  clear(): void {
    this.length = 0;
  }

  /** Returns a view of a range that is valid until a number is appended. */
  subarray(begin: number, end: number): Uint32Array {
    return this.values.subarray(begin, end);
  }

  /** Returns the numbers as little-endian bytes; valid until a number is appended. */
  view(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.values.buffer, 0, this.length * 4);
  }
}
