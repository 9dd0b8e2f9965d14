/** Numbers in a typed array that grows. */
export class Uint32List {
  private values: Uint32Array;
  private used = 0;

  constructor(capacity = 1024) {
    this.values = new Uint32Array(capacity);
  }

  get length(): number {
    return this.used;
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    return this.values.byteLength;
  }

  /** 0 beyond the end. */
  at(index: number): number {
    return this.values[index] ?? 0;
  }

  push(value: number): void {
    if (this.used === this.values.length) {
      const values = new Uint32Array(this.used * 2);
      values.set(this.values);
      this.values = values;
    }
    this.values[this.used++] = value;
  }

  /** Changes a value that was pushed before. */
  set(index: number, value: number): void {
    this.values[index] = value;
  }

  /** Drops what was pushed beyond a length. */
  truncate(length: number): void {
    this.used = Math.min(this.used, length);
  }

  /** A view that is valid until a value is added. */
  slice(begin: number, end: number): Uint32Array {
    return this.values.subarray(begin, end);
  }
}
