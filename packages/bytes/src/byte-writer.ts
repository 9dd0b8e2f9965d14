import { grown } from './growing-array.ts';
import { writeUtf8 } from './utf8.ts';
import { MAX_VARINT_BYTES, writeVarint } from './varint.ts';

/** Appends to bytes that grow. Pooled: `clear` keeps the memory. `ByteReader` reads what it writes. */
export class ByteWriter {
  /** Longer than what was written, and replaced by `reserve`. For loops that write many bytes at a time. */
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  /** Writes into memory of that size, or into that memory, and into a larger one when it is full. */
  constructor(memory: number | Uint8Array<ArrayBuffer> = 1024) {
    this.bytes = typeof memory === 'number' ? new Uint8Array(memory) : memory;
  }

  clear(): void {
    this.length = 0;
  }

  /** Returns what was written, without a copy; valid until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }

  /** Returns a copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  /** Makes room for `extra` more bytes. */
  reserve(extra: number): void {
    if (this.length + extra > this.bytes.length) this.bytes = grown(this.bytes, this.length + extra);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Appends a whole number from 0 to 2^53 as a varint. */
  varint(value: number): void {
    this.reserve(MAX_VARINT_BYTES);
    if (value > 0x7f) this.length = writeVarint(this.bytes, this.length, value);
    else this.bytes[this.length++] = value;
  }

  /** Appends a 64-bit number, given as two halves, as a varint of up to ten bytes. */
  varint64(lo: number, hi: number): void {
    this.reserve(10);
    let low = lo >>> 0;
    let high = hi >>> 0;
    while (high !== 0) {
      this.bytes[this.length++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.length = writeVarint(this.bytes, this.length, low);
  }

  /** Appends whole numbers from 0 to 2^53 as varints. */
  varints(values: ArrayLike<number>): void {
    this.reserve(values.length * MAX_VARINT_BYTES);
    const { bytes } = this;
    let offset = this.length;
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number;
      if (value > 0x7f) offset = writeVarint(bytes, offset, value);
      else bytes[offset++] = value;
    }
    this.length = offset;
  }

  /** Appends whole numbers within ±2^52 as varints of 0, -1, 1, -2, 2, … in this order (zigzag, as in protobuf). */
  zigzags(values: ArrayLike<number>): void {
    this.reserve(values.length * MAX_VARINT_BYTES);
    const { bytes } = this;
    let offset = this.length;
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number;
      const zigzag = value < 0 ? -value * 2 - 1 : value * 2;
      if (zigzag > 0x7f) offset = writeVarint(bytes, offset, zigzag);
      else bytes[offset++] = zigzag;
    }
    this.length = offset;
  }

  /** Appends a 64-bit number, given as two halves, in eight bytes, little-endian. */
  pair(lo: number, hi: number): void {
    this.reserve(8);
    const { bytes } = this;
    for (let shift = 0; shift < 32; shift += 8) bytes[this.length++] = lo >>> shift;
    for (let shift = 0; shift < 32; shift += 8) bytes[this.length++] = hi >>> shift;
  }

  /** Appends doubles, little-endian wherever this runs. */
  doubles(values: Float64Array): void {
    this.reserve(values.length * 8);
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.length);
    for (let index = 0; index < values.length; index++) {
      view.setFloat64(index * 8, values[index] as number, true);
    }
    this.length += values.length * 8;
  }

  /** Appends `bytes[start, end)` as they are. */
  append(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const size = end - start;
    this.reserve(size);
    const target = this.bytes;
    let offset = this.length;
    // A call to copy a name costs more than its bytes.
    if (size <= 64) for (let index = start; index < end; index++) target[offset++] = bytes[index] as number;
    else target.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), offset);
    this.length += size;
  }

  /** Appends the UTF-8 bytes of a text after their length as a varint. */
  text(text: string): void {
    const start = this.open();
    this.reserve(text.length * 3);
    if (text !== '') this.length += writeUtf8(this.bytes, this.length, text);
    this.close(start);
  }

  /** Begins what has its length, as a varint, before it; give the result to `close`. */
  open(): number {
    this.reserve(1);
    return ++this.length;
  }

  /** Ends what `open` began: writes its length, and moves the content where that takes more than one byte. */
  close(start: number): void {
    const size = this.length - start;
    if (size <= 0x7f) {
      this.bytes[start - 1] = size;
      return;
    }
    let more = 0;
    for (let rest = size >>> 7; rest > 0; rest >>>= 7) more++;
    this.reserve(more);
    this.bytes.copyWithin(start + more, start, this.length);
    this.length += more;
    writeVarint(this.bytes, start - 1, size);
  }
}
