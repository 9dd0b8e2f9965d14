import { ByteReader } from '@everflame/bytes';
import { type BoundedField, DomainError, type Hash64, isInBounds, PROFILE_BOUNDS } from '@everflame/profile';

/** Bytes that are not what they should be; they come from a damaged file, never from a pusher. */
export function malformedRecord(what: string): DomainError {
  return new DomainError('invalid', 'malformed_record', `A record of rows is damaged: ${what}.`);
}

/** Reads what a record is made of. Whatever goes past the end or out of range throws `malformed_record`. */
export class RecordCursor extends ByteReader {
  constructor(bytes: Uint8Array) {
    super(bytes, malformedRecord);
  }

  /** The largest of `count` numbers; 0 where there are none. */
  largestVarint(count: number): number {
    const { bytes } = this;
    let largest = 0;
    for (let left = count; left > 0; left--) {
      const first = bytes[this.offset] as number;
      const second = bytes[this.offset + 1] as number;
      let value: number;
      if (first >= 0x80 && second < 0x80) {
        value = (first & 0x7f) | (second << 7);
        this.offset += 2;
      } else value = this.varint();
      if (value > largest) largest = value;
    }
    return largest;
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
    let { offset } = this;
    for (let i = 0; i < count; i++) {
      const first = bytes[offset] as number;
      const second = bytes[offset + 1] as number;
      const third = bytes[offset + 2] as number;
      let magnitude = (first >>> 1) & 0x3f;
      if (offset < fastEnd && (first & second & third) < 0x80) {
        if (first < 0x80) offset += 1;
        else if (second < 0x80) {
          magnitude |= second << 6;
          offset += 2;
        } else {
          magnitude |= ((second & 0x7f) << 6) | (third << 13);
          offset += 3;
        }
        values[i] = (first & 1) === 1 ? 0 - magnitude : magnitude;
        continue;
      }
      this.offset = offset;
      values[i] = this.signed();
      offset = this.offset;
    }
    this.offset = offset;
    return values;
  }

  /** Passes over as many numbers; that each is one that can be read is left to whoever reads it. */
  skipSigned(count: number): void {
    const { bytes } = this;
    let { offset } = this;
    for (let left = count; left > 0;) {
      if (offset === bytes.length) throw malformedRecord('it is cut short');
      if ((bytes[offset++] as number) < 0x80) left -= 1;
    }
    this.offset = offset;
  }

  hash(): Hash64 {
    return { lo: this.word(), hi: this.word() };
  }

  /** `rows` texts in `size` bytes, each after its length, as they are. */
  texts(rows: number, size: number): Uint8Array {
    const start = this.offset;
    const end = start + size;
    if (end > this.bytes.length) throw malformedRecord('it is cut short');
    for (let row = 0; row < rows; row++) {
      const length = this.varint();
      this.offset += length;
      if (this.offset > end) throw malformedRecord('a text is cut short');
    }
    if (this.offset !== end) throw malformedRecord('there are more texts than rows');
    return this.bytes.subarray(start, end);
  }

  /** As `field`, of a time or duration: older versions wrote fractions, and durations that are too long, and acknowledged them. */
  roundedField(field: 'timeMs' | 'durationMs'): number {
    const { min, max } = PROFILE_BOUNDS[field];
    const value = Math.min(Math.round(this.double()), max);
    if (!(value >= min)) throw malformedRecord(`${field} is out of range`);
    return value;
  }

  /** A field of a profile in a double. */
  field(field: BoundedField): number {
    const value = this.double();
    if (!isInBounds(field, value)) throw malformedRecord(`${field} is out of range`);
    return value;
  }
}
