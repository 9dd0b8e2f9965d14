/** Writes protobuf wire format into a buffer that grows. */
export class WireWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** A copy of what was written so far, which is forgotten; nothing may be open. */
  drain(): Uint8Array<ArrayBuffer> {
    const bytes = this.finish();
    this.#length = 0;
    return bytes;
  }

  /** A varint field; left out when 0, the default of proto3. `value` is an integer within ±(2^53 − 1). */
  int64(field: number, value: number): void {
    if (value === 0) return;
    this.#varint(field << 3);
    this.varint(value);
  }

  /** As `int64`, for a number given as two halves. */
  uint64(field: number, lo: number, hi: number): void {
    if ((lo | hi) === 0) return;
    this.#varint(field << 3);
    this.#varint64(lo, hi);
  }

  bool(field: number, value: boolean): void {
    if (value) this.int64(field, 1);
  }

  /** A varint without a tag, as in packed fields. */
  varint(value: number): void {
    if (value >= 0 && value < 0x8000_0000) {
      this.#varint(value);
      return;
    }
    const hi = Math.floor(value / 0x1_0000_0000);
    this.#varint64(value - hi * 0x1_0000_0000, hi);
  }

  /** A varint without a tag, for a number of up to 64 bits. */
  bigVarint(value: bigint): void {
    this.#varint64(Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)));
  }

  /** A length-delimited field with the content of `bytes[start, end)`. */
  bytes(field: number, bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    this.#varint((field << 3) | 2);
    this.#varint(end - start);
    this.#reserve(end - start);
    this.#bytes.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  /** Opens a nested message or packed field; give the result to `close`. */
  open(field: number): number {
    this.#varint((field << 3) | 2);
    this.#reserve(1);
    return ++this.#length;
  }

  /** Closes what `open` opened: writes its length, moving the content when that takes more than one byte. */
  close(start: number): void {
    const length = this.#length - start;
    let size = 1;
    for (let rest = length >>> 7; rest > 0; rest >>>= 7) size++;
    if (size > 1) {
      this.#reserve(size - 1);
      this.#bytes.copyWithin(start + size - 1, start, this.#length);
    }
    this.#length = start - 1;
    this.#varint(length);
    this.#length += length;
  }

  #varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  #varint64(lo: number, hi: number): void {
    this.#reserve(10);
    let low = lo >>> 0;
    let high = hi >>> 0;
    while (high !== 0 || low > 0x7f) {
      this.#bytes[this.#length++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#bytes[this.#length++] = low;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
