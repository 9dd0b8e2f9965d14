import { encodeUtf8 } from '@everflame/bytes';
import { InvalidArgumentError } from './errors.ts';

/** A 64-bit hash as two unsigned 32-bit halves; never a BigInt, so that it stays out of the heap on hot paths. */
export interface Hash64 {
  readonly lo: number;
  readonly hi: number;
}

/**
 * Builds a 64-bit hash in two 32-bit lanes of MurmurHash3 mixing (Appleby, public domain) with different
 * constants, crossed at the end. Strings and byte ranges carry their length, so `"ab","c"` and `"a","bc"` differ.
 * The result is stored on disk as the identity of frames, stacks and series: the mixing must never change.
 * Not proof against a sender who wants collisions; salt it per tenant.
 */
export class Hasher64 {
  /** The low lane as a signed 32-bit integer; the result after `finish`. */
  lo = 0;
  /** The high lane as a signed 32-bit integer; the result after `finish`. */
  hi = 0;

  start(salt: Hash64): this {
    return this.startAt(salt.lo, salt.hi);
  }

  startAt(lo: number, hi: number): this {
    this.lo = lo | 0;
    this.hi = hi | 0;
    return this;
  }

  addWord(word: number): this {
    this.lo = mixLow(this.lo, word);
    this.hi = mixHigh(this.hi, word);
    return this;
  }

  /** Adds the length of `bytes[start, end)` and its content. */
  addBytes(bytes: Uint8Array, start = 0, end: number = bytes.length): this {
    return this.addView(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start, end);
  }

  /** As `addBytes`, for callers with many ranges of the same bytes. */
  addView(view: DataView, start: number, end: number): this {
    let lo = mixLow(this.lo, end - start);
    let hi = mixHigh(this.hi, end - start);
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word = view.getInt32(at, true);
      lo = mixLow(lo, word);
      hi = mixHigh(hi, word);
    }
    if (at < end) {
      let word = 0;
      for (let shift = 0; at < end; at++, shift += 8) word |= view.getUint8(at) << shift;
      lo = mixLow(lo, word);
      hi = mixHigh(hi, word);
    }
    this.lo = lo;
    this.hi = hi;
    return this;
  }

  /** Adds the UTF-8 bytes of `text`, with their length. */
  addString(text: string): this {
    let lo = mixLow(this.lo, text.length);
    let hi = mixHigh(this.hi, text.length);
    let seen = 0;
    let word = 0;
    // Of ASCII, which nearly all text here is, no bytes need to be made.
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      seen |= code;
      word |= code << ((at & 3) << 3);
      if ((at & 3) === 3 || at === text.length - 1) {
        lo = mixLow(lo, word);
        hi = mixHigh(hi, word);
        word = 0;
      }
    }
    if (seen >= 0x80) return this.addBytes(encodeUtf8(text));
    this.lo = lo;
    this.hi = hi;
    return this;
  }

  /** Crosses and finalises the lanes; `lo` and `hi` are the hash then. */
  finish(): this {
    let lo = (this.lo + this.hi) | 0;
    let hi = (this.hi + lo) | 0;
    lo = mixWord(lo);
    hi = mixWord(hi);
    lo = (lo + hi) | 0;
    this.lo = lo;
    this.hi = (hi + lo) | 0;
    return this;
  }

  toHash64(): Hash64 {
    return { lo: this.lo >>> 0, hi: this.hi >>> 0 };
  }
}

/** The low lane of a `Hasher64` after one more word. */
export function mixLow(lane: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = lane ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** As `mixLow`, of the high lane. */
export function mixHigh(lane: number, word: number): number {
  let k = Math.imul(word, 0x239b961b);
  k = Math.imul((k << 17) | (k >>> 15), 0xab0e9789);
  const h = lane ^ k;
  return (Math.imul((h << 19) | (h >>> 13), 5) + 0x561ccd1b) | 0;
}

/** Spreads every bit of a word over all bits: the finaliser of MurmurHash3. */
export function mixWord(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const UNSALTED: Hash64 = { lo: 0x6576_6572, hi: 0x666c_616d };

/** Hash of several strings in order, each with its length. */
export function hashStrings(texts: readonly string[], salt: Hash64 = UNSALTED): Hash64 {
  const hasher = new Hasher64().start(salt);
  for (const text of texts) hasher.addString(text);
  return hasher.finish().toHash64();
}

/** The salt of everything that is hashed for a tenant: ids of one tenant say nothing about those of another. */
export function saltOf(tenant: string): Hash64 {
  return hashStrings(['tenant', tenant]);
}

/** 16 lowercase hex digits. */
export function hash64ToHex(hash: Hash64): string {
  return (hash.hi >>> 0).toString(16).padStart(8, '0') + (hash.lo >>> 0).toString(16).padStart(8, '0');
}

/** The unsigned decimal number, as ClickHouse prints a UInt64. */
export function hash64ToDecimal(hash: Hash64): string {
  return ((BigInt(hash.hi >>> 0) << 32n) | BigInt(hash.lo >>> 0)).toString();
}

/** Reads what `hash64ToDecimal` wrote. Throws `InvalidArgumentError` for anything but an unsigned 64-bit number. */
export function hash64FromDecimal(text: string): Hash64 {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) {
    throw new InvalidArgumentError(`"${text.slice(0, 40)}" is not an unsigned 64-bit number.`);
  }
  return { lo: Number(value & 0xffff_ffffn), hi: Number(value >> 32n) };
}
