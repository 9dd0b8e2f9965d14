import { MalformedProfileError } from '../../errors.ts';
import { safeNumber } from '../../safe-values.ts';

/** Reads protobuf wire format from a byte array; every method throws `MalformedProfileError` on bytes that are not it. */
export class WireReader {
  bytes: Uint8Array = new Uint8Array(0);
  /** Of the same bytes, to read several at a time. */
  view: DataView = new DataView(new ArrayBuffer(0));
  pos = 0;
  end = 0;
  /** Halves of the last varint, as signed 32-bit integers. */
  lo = 0;
  hi = 0;

  reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.pos = 0;
    this.end = bytes.length;
  }

  /** Reads a varint of up to ten bytes into `lo` and `hi`. */
  varint(): void {
    const bytes = this.bytes;
    const at = this.pos;
    this.hi = 0;
    if (at + 4 > this.end) {
      this.#longVarint();
      return;
    }
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    const third = bytes[at + 2] as number;
    const fourth = bytes[at + 3] as number;
    if (first < 0x80) {
      this.lo = first;
      this.pos = at + 1;
    } else if (second < 0x80) {
      this.lo = (first & 0x7f) | (second << 7);
      this.pos = at + 2;
    } else if (third < 0x80) {
      this.lo = (first & 0x7f) | ((second & 0x7f) << 7) | (third << 14);
      this.pos = at + 3;
    } else if (fourth < 0x80) {
      this.lo = (first & 0x7f) | ((second & 0x7f) << 7) | ((third & 0x7f) << 14) | (fourth << 21);
      this.pos = at + 4;
    } else this.#longVarint();
  }

  /** As `varint`, for the one at `at`; returns where it ends. Shortest where it takes one or two bytes. */
  varintAt(at: number): number {
    const { bytes } = this;
    const first = bytes[at] as number;
    if (first < 0x80) {
      this.lo = first;
      this.hi = 0;
      return at + 1;
    }
    const second = bytes[at + 1] as number;
    if (second < 0x80) {
      this.lo = (first & 0x7f) | (second << 7);
      this.hi = 0;
      return at + 2;
    }
    this.pos = at;
    this.varint();
    return this.pos;
  }

  #longVarint(): void {
    const bytes = this.bytes;
    const start = this.pos;
    const stop = Math.min(this.end, start + 10);
    let lo = 0;
    let hi = 0;
    let shift = 0;
    for (let at = start; at < stop; at++, shift += 7) {
      const byte = bytes[at] as number;
      const bits = byte & 0x7f;
      if (shift < 28) lo |= bits << shift;
      else if (shift === 28) {
        lo |= bits << 28;
        hi = bits >>> 4;
      } else hi |= bits << (shift - 32);
      if (byte < 0x80) {
        this.pos = at + 1;
        this.lo = lo;
        this.hi = hi;
        return;
      }
    }
    throw malformedAt(start, stop === this.end ? 'the bytes end inside a number' : 'a number is too long');
  }

  /** A field's tag: `field << 3 | wireType`. */
  tag(): number {
    return this.#word('a field number');
  }

  /** A varint that indexes a table, so that anything of 2^32 or more is malformed. */
  index(): number {
    return this.#word('an index');
  }

  #word(what: string): number {
    const byte = this.pos < this.end ? (this.bytes[this.pos] as number) : 0x80;
    if (byte < 0x80) {
      this.pos++;
      return byte;
    }
    this.varint();
    if (this.hi !== 0) throw malformedAt(this.pos, `${what} is out of range`);
    return this.lo >>> 0;
  }

  /** A signed 64-bit number that must be exact as a JavaScript number; refused with `value_too_large` otherwise. */
  safeInteger(): number {
    this.varint();
    return safeNumber(this.lo, this.hi);
  }

  /** Reads a length and returns where the length-delimited field ends. */
  limit(): number {
    const length = this.index();
    const limit = this.pos + length;
    if (limit > this.end) throw malformedAt(this.pos, `a field of ${length} bytes goes past the end`);
    return limit;
  }

  /** Skips a field that is not read. */
  skip(tag: number): void {
    const wireType = tag & 7;
    if (wireType === 0) this.varint();
    else if (wireType === 2) this.pos = this.limit();
    else if (wireType === 1 || wireType === 5) {
      this.pos += wireType === 1 ? 8 : 4;
      if (this.pos > this.end) throw malformedAt(this.end, 'the bytes end inside a field');
    } else throw malformedAt(this.pos, `wire type ${wireType} is unknown`);
  }

  /** As `skipUnknown`, for the field whose tag is at `at`; returns where the field ends. */
  skipUnknownAt(at: number, lastField: number): number {
    this.pos = at;
    this.skipUnknown(this.tag(), lastField);
    return this.pos;
  }

  /** Ends a message at its limit; throws when its last field goes past that. */
  finish(at: number, limit: number, what: string): void {
    if (at !== limit) throw malformedAt(limit, `a ${what} goes past its end`);
    this.pos = limit;
  }

  /** Skips an unknown field of a message whose own fields are `1..lastField`, which are malformed here. */
  skipUnknown(tag: number, lastField: number): void {
    const field = tag >>> 3;
    if (field >= 1 && field <= lastField) throw malformedAt(this.pos, `field ${field} has the wrong type`);
    this.skip(tag);
  }
}

/** Whether a tag of one byte is that of a number, in a field up to that of the tag `last`. */
export function isNumber(tag: number, last: number): boolean {
  return (tag & 7) === 0 && tag >= 0x08 && tag <= last;
}

/** The index that a number before `end` is: below 2^31, which no table of a profile reaches. */
export function indexOf(lo: number, hi: number, end: number): number {
  if (hi !== 0 || lo < 0) throw malformedAt(end, 'an index is out of range');
  return lo;
}

/** A line number: the low 32 bits, since some producers pack a column into the high ones; 0 when negative. */
export function lineOf(lo: number, hi: number): number {
  return hi < 0 ? 0 : lo >>> 0;
}

export function malformedAt(position: number, what: string): MalformedProfileError {
  return new MalformedProfileError(`Not a pprof profile: ${what} (byte ${position}).`);
}

/** An index that the string table does not have. */
export function unknownString(what: string): MalformedProfileError {
  return new MalformedProfileError(`Not a valid profile: a ${what} refers to a string that is not in it.`);
}
