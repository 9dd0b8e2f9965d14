import { type BoundedField, DomainError, type Hash64, isInBounds, PROFILE_BOUNDS } from '@everflame/profile';

/** Bytes that are not what they should be; they come from a damaged file, never from a pusher. */
export function malformedRecord(what: string): DomainError {
  return new DomainError('invalid', 'malformed_record', `A record of rows is damaged: ${what}.`);
}

/** Reads what `RecordBytes` wrote. Whatever goes past the end or out of range throws `malformed_record`. */
export class RecordCursor {
  at = 0;
  readonly bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw malformedRecord('it is cut short');
    return byte;
  }

  varint(): number {
    const first = this.bytes[this.at];
    if (first !== undefined && first < 0x80) {
      this.at += 1;
      return first;
    }
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      factor *= 0x80;
      if (factor > 2 ** 49) throw malformedRecord('a number is too long');
    }
    if (value > Number.MAX_SAFE_INTEGER) throw malformedRecord('a number is too large');
    return value;
  }

  /** The largest of `count` numbers; 0 where there are none. */
  largestVarint(count: number): number {
    const { bytes } = this;
    let largest = 0;
    for (let left = count; left > 0; left--) {
      const first = bytes[this.at] as number;
      const second = bytes[this.at + 1] as number;
      let value: number;
      if (first >= 0x80 && second < 0x80) {
        value = (first & 0x7f) | (second << 7);
        this.at += 2;
      } else value = this.varint();
      if (value > largest) largest = value;
    }
    return largest;
  }

  /** A number that says how many of something follow that takes at least `bytesEach`. */
  count(bytesEach: number): number {
    const count = this.varint();
    if (count * bytesEach > this.left) throw malformedRecord('it counts more than it has');
    return count;
  }

  /** What `writeSigned` wrote. */
  signed(): number {
    const first = this.byte();
    let magnitude = (first >>> 1) & 0x3f;
    if (first >= 0x80) {
      magnitude += this.varint() * 0x40;
      if (magnitude > Number.MAX_SAFE_INTEGER) throw malformedRecord('a number is too large');
    }
    return (first & 1) === 1 ? 0 - magnitude : magnitude;
  }

  /** `count` numbers that `writeSigned` wrote. */
  signedAll(count: number): Float64Array {
    if (count > this.left) throw malformedRecord('it is cut short');
    const values = new Float64Array(count);
    const { bytes } = this;
    const fastEnd = bytes.length - 4;
    let at = this.at;
    for (let i = 0; i < count; i++) {
      const first = bytes[at] as number;
      const second = bytes[at + 1] as number;
      const third = bytes[at + 2] as number;
      let magnitude = (first >>> 1) & 0x3f;
      if (at < fastEnd && (first & second & third) < 0x80) {
        if (first < 0x80) at += 1;
        else if (second < 0x80) {
          magnitude |= second << 6;
          at += 2;
        } else {
          magnitude |= ((second & 0x7f) << 6) | (third << 13);
          at += 3;
        }
        values[i] = (first & 1) === 1 ? 0 - magnitude : magnitude;
        continue;
      }
      this.at = at;
      values[i] = this.signed();
      at = this.at;
    }
    this.at = at;
    return values;
  }

  /** Passes over as many numbers; that each is one that can be read is left to whoever reads it. */
  skipSigned(count: number): void {
    const { bytes } = this;
    let at = this.at;
    for (let left = count; left > 0;) {
      if (at === bytes.length) throw malformedRecord('it is cut short');
      if ((bytes[at++] as number) < 0x80) left -= 1;
    }
    this.at = at;
  }

  word(): number {
    if (this.left < 4) throw malformedRecord('it is cut short');
    this.at += 4;
    return this.bytes.readUInt32LE(this.at - 4);
  }

  hash(): Hash64 {
    if (this.left < 8) throw malformedRecord('it is cut short');
    this.at += 8;
    return { lo: this.bytes.readUInt32LE(this.at - 8), hi: this.bytes.readUInt32LE(this.at - 4) };
  }

  /** The next `size` bytes, without a copy. */
  slice(size: number): Buffer {
    if (!(size >= 0 && size <= this.left)) throw malformedRecord('it is cut short');
    const start = this.at;
    this.at += size;
    return this.bytes.subarray(start, this.at);
  }

  text(): string {
    const size = this.count(1);
    const start = this.at;
    this.at += size;
    return this.bytes.toString('utf8', start, this.at);
  }

  /** `rows` texts in `size` bytes, each after its length, as they are. */
  texts(rows: number, size: number): Buffer {
    const start = this.at;
    const end = start + size;
    if (end > this.bytes.length) throw malformedRecord('it is cut short');
    for (let row = 0; row < rows; row++) {
      const length = this.varint();
      this.at += length;
      if (this.at > end) throw malformedRecord('a text is cut short');
    }
    if (this.at !== end) throw malformedRecord('there are more texts than rows');
    return this.bytes.subarray(start, end);
  }

  /** As `field`, of a time or duration: older versions wrote fractions, and durations that are too long, and acknowledged them. */
  roundedField(field: 'timeMs' | 'durationMs'): number {
    const { min, max } = PROFILE_BOUNDS[field];
    const value = Math.min(Math.round(this.slice(8).readDoubleLE(0)), max);
    if (!(value >= min)) throw malformedRecord(`${field} is out of range`);
    return value;
  }

  /** A field of a profile in a double. */
  field(field: BoundedField): number {
    if (this.left < 8) throw malformedRecord('it is cut short');
    this.at += 8;
    const value = this.bytes.readDoubleLE(this.at - 8);
    if (!isInBounds(field, value)) throw malformedRecord(`${field} is out of range`);
    return value;
  }
}
