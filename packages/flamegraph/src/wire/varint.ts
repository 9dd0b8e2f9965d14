import { malformedTree } from './tree-columns.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

/** Largest magnitude whose zigzag form is still an exact double. */
export const MAX_ZIGZAG = 2 ** 52;

/** Appends bytes to a buffer, and to a larger one when that is full. Varints are little-endian base 128, as in protobuf. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    this.#reserve(8);
    this.#length = writeVarint(this.#bytes, this.#length, value);
  }

  /** A whole number of either sign, `MAX_ZIGZAG` at most. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  /** As `varint`, one after the other. */
  varints(values: ArrayLike<number>): void {
    this.#reserve(values.length * 8);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number;
      if (value > 0x7f) at = writeVarint(bytes, at, value);
      else bytes[at++] = value;
    }
    this.#length = at;
  }

  /** As `zigzag`, one after the other. */
  zigzags(values: ArrayLike<number>): void {
    this.#reserve(values.length * 8);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number;
      const folded = value < 0 ? -value * 2 - 1 : value * 2;
      if (folded > 0x7f) at = writeVarint(bytes, at, folded);
      else bytes[at++] = folded;
    }
    this.#length = at;
  }

  text(text: string): void {
    this.#reserve(text.length + 8);
    const start = this.#length;
    this.varint(text.length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) {
        this.#length = start;
        this.#textBytes(encodeUtf8(text));
        return;
      }
      bytes[at++] = code;
    }
    this.#length = at;
  }

  /** `bytes[from .. to]` as they are. */
  copy(bytes: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    const into = this.#bytes;
    let at = this.#length;
    // A call to copy a name costs more than its bytes.
    for (let index = from; index < to; index++) into[at++] = bytes[index] as number;
    this.#length = at;
  }

  /** Little-endian, wherever this runs. */
  doubles(values: Float64Array): void {
    this.#reserve(values.length * 8);
    const view = new DataView(this.#bytes.buffer, this.#length);
    for (let index = 0; index < values.length; index++) {
      view.setFloat64(index * 8, values[index] as number, true);
    }
    this.#length += values.length * 8;
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #textBytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }
}

/** Writes a varint of 8 bytes at most at `at`; the result is where it ends. */
function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  while (rest > 0x7fff_ffff) {
    bytes[end++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    bytes[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[end++] = rest;
  return end;
}

/** Reads what `ByteWriter` wrote; throws `malformed_tree` rather than read past the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    if (this.#at >= this.#bytes.length) throw malformedTree('it ends too early');
    return this.#bytes[this.#at++] as number;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    for (let factor = 2 ** 28; factor < 2 ** 54; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value > 2 * MAX_ZIGZAG) break;
        return value;
      }
    }
    throw malformedTree('a number is too large');
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A number of things of at least `bytesEach` bytes; throws when there are not that many bytes left. */
  count(bytesEach: number): number {
    const count = this.varint();
    if (count * bytesEach > this.remaining) throw malformedTree('it ends too early');
    return count;
  }

  text(): string {
    const length = this.count(1);
    this.#at += length;
    return decodeUtf8(this.#bytes, this.#at - length, this.#at);
  }

  doubles(count: number): Float64Array<ArrayBuffer> {
    if (count * 8 > this.remaining) throw malformedTree('it ends too early');
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#at);
    const values = new Float64Array(count);
    for (let index = 0; index < count; index++) values[index] = view.getFloat64(index * 8, true);
    this.#at += count * 8;
    return values;
  }
}
