import { decodeUtf8 } from './utf8.ts';

const LARGEST = 2 ** 53;

/** Reads what `ByteWriter` writes. Bytes that are something else, or end too early, throw the error of its owner. */
export class ByteReader {
  readonly bytes: Uint8Array;
  /** Where the next byte is. */
  offset = 0;
  readonly #view: DataView;
  readonly #malformed: (what: string) => Error;

  /** `malformed` makes the error from what is wrong, such as `it ends too early`. */
  constructor(bytes: Uint8Array, malformed: (what: string) => Error) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#malformed = malformed;
  }

  /** Bytes that are not read yet. */
  get left(): number {
    return this.bytes.length - this.offset;
  }

  byte(): number {
    if (this.offset >= this.bytes.length) throw this.#malformed('it ends too early');
    return this.bytes[this.offset++] as number;
  }

  /** Reads a varint of a whole number up to 2^53. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    for (let factor = 2 ** 28; factor < 2 ** 54; factor *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (value > LARGEST) break;
      if (byte < 0x80) return value;
    }
    throw this.#malformed('a number is too large');
  }

  /** Reads one of the numbers that `zigzags` wrote. */
  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Reads a varint that says how many things of at least `bytesEach` bytes follow; throws where they cannot. */
  count(bytesEach: number): number {
    const count = this.varint();
    if (count * bytesEach > this.left) throw this.#malformed('it ends too early');
    return count;
  }

  /** Passes over `size` bytes and returns where they start. */
  take(size: number): number {
    if (!(size >= 0 && size <= this.left)) throw this.#malformed('it ends too early');
    this.offset += size;
    return this.offset - size;
  }

  /** Returns the next `size` bytes, without a copy. */
  slice(size: number): Uint8Array {
    const start = this.take(size);
    return this.bytes.subarray(start, this.offset);
  }

  /** As `slice`, for numbers of several bytes. */
  fixed(size: number): DataView {
    const start = this.take(size);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + start, size);
  }

  /** Reads an unsigned number of four bytes, little-endian. */
  word(): number {
    return this.#view.getUint32(this.take(4), true);
  }

  /** Reads a double, little-endian. */
  double(): number {
    return this.#view.getFloat64(this.take(8), true);
  }

  doubles(count: number): Float64Array<ArrayBuffer> {
    const start = this.take(count * 8);
    const values = new Float64Array(count);
    for (let index = 0; index < count; index++) {
      values[index] = this.#view.getFloat64(start + index * 8, true);
    }
    return values;
  }

  /** Reads what `text` wrote. */
  text(): string {
    const start = this.take(this.varint());
    return decodeUtf8(this.bytes, start, this.offset);
  }
}
