const MIN_ROOM = 16;

/** A growing buffer of what records are made of; pooled: `clear` keeps its memory. */
export class RecordBytes {
  bytes: Buffer;
  length = 0;

  constructor(initialBytes = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  clear(): void {
    this.length = 0;
  }

  get byteLength(): number {
    return this.length;
  }

  /** What was written; valid until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** An unsigned LEB128 number, up to 2^53 - 1. */
  varint(value: number): void {
    this.reserve(MIN_ROOM);
    this.length = writeVarint(this.bytes, this.length, value);
  }

  /** The UTF-8 bytes of `text` after their length as a varint, which is also how ClickHouse's Native has strings. */
  text(text: string): void {
    const most = text.length * 3;
    this.reserve(most + MIN_ROOM);
    if (most < 0x80) {
      const size = this.bytes.write(text, this.length + 1, 'utf8');
      this.bytes[this.length] = size;
      this.length += size + 1;
      return;
    }
    const size = Buffer.byteLength(text);
    this.varint(size);
    this.length += this.bytes.write(text, this.length, 'utf8');
  }

  /**
   * Bytes `[start, end)` of `from` after their length, where they are ASCII and fewer than 2^14; tells whether they were
   * written.
   */
  ascii(from: Uint8Array, start: number, end: number): boolean {
    const size = end - start;
    if (size >= 0x4000) return false;
    this.reserve(size + 2);
    const { bytes } = this;
    let at = writeVarint(bytes, this.length, size);
    // A loop is faster than a copy call for the length that names have.
    let seen = 0;
    for (let i = start; i < end; i++) {
      const byte = from[i] as number;
      seen |= byte;
      bytes[at++] = byte;
    }
    if (seen >= 0x80) return false;
    this.length = at;
    return true;
  }

  /** A 64-bit number as two halves, little-endian. */
  pair(lo: number, hi: number): void {
    this.reserve(8);
    this.bytes.writeInt32LE(lo | 0, this.length);
    this.bytes.writeInt32LE(hi | 0, this.length + 4);
    this.length += 8;
  }

  /** Makes room for `extra` more bytes. */
  reserve(extra: number): void {
    const needed = this.length + extra;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

/** Writes an unsigned LEB128 number up to 2^53 - 1 and returns where it ends. */
export function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest >= 0x8000_0000) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/** Most bytes of a safe integer as `writeSigned` writes it. */
export const MAX_SIGNED_BYTES = 8;

/**
 * Writes a safe integer: the sign in the lowest bit of the first byte, then six and seven bits of the magnitude at a
 * time, the lowest first; every byte but the last has its highest bit set. Returns where it ends.
 */
export function writeSigned(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  const sign = value < 0 ? 1 : 0;
  const magnitude = value < 0 ? -value : value;
  let byte = ((magnitude & 0x3f) << 1) | sign;
  // In 32 bits, which is faster, as far as they reach: the lowest four bytes hold 27.
  let rest = magnitude;
  if (magnitude < 0x4000_0000) rest = magnitude >>> 6;
  else {
    const low = magnitude | 0;
    bytes[at++] = byte | 0x80;
    bytes[at++] = (low >>> 6) | 0x80;
    bytes[at++] = (low >>> 13) | 0x80;
    byte = (low >>> 20) & 0x7f;
    rest = Math.floor(magnitude / 0x800_0000);
  }
  while (rest !== 0) {
    bytes[at++] = byte | 0x80;
    byte = rest & 0x7f;
    rest >>>= 7;
  }
  bytes[at++] = byte;
  return at;
}

/** A growing array of 32-bit words, little-endian as every platform Node runs on; pooled. */
export class RecordWords {
  #words: Uint32Array;
  length = 0;

  constructor(initialWords = 1024) {
    this.#words = new Uint32Array(initialWords);
  }

  clear(): void {
    this.length = 0;
  }

  get byteLength(): number {
    return this.length * 4;
  }

  /** What was written; valid until the next write. */
  view(): Uint8Array {
    return new Uint8Array(this.#words.buffer, 0, this.length * 4);
  }

  push(word: number): void {
    this.room(1)[this.length++] = word;
  }

  pushPair(lo: number, hi: number): void {
    const words = this.room(2);
    words[this.length++] = lo;
    words[this.length++] = hi;
  }

  /** The words, with room for `extra` more after `length`. */
  room(extra: number): Uint32Array {
    const needed = this.length + extra;
    if (needed > this.#words.length) {
      const grown = new Uint32Array(Math.max(needed, this.#words.length * 2));
      grown.set(this.#words.subarray(0, this.length));
      this.#words = grown;
    }
    return this.#words;
  }
}

/** Whether two lists have the same numbers. */
export function isSameList(left: Uint32Array, right: Uint32Array): boolean {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

/** Whether two ranges of `bytes` have the same content. */
export function isSameRange(
  bytes: Uint8Array,
  start: number,
  end: number,
  otherStart: number,
  otherEnd: number,
): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  if (start === otherStart) return true;
  for (let i = start, j = otherStart; i < end; i++, j++) if (bytes[i] !== bytes[j]) return false;
  return true;
}
