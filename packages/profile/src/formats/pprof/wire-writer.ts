import { ByteWriter } from '@everflame/bytes';

/** Writes protobuf wire format. */
export class WireWriter extends ByteWriter {
  /** Returns a copy of what was written so far, which is forgotten; nothing may be open. */
  drain(): Uint8Array<ArrayBuffer> {
    const bytes = this.finish();
    this.clear();
    return bytes;
  }

  /** A varint field; left out when 0, the default of proto3. Numbers are within ±(2^53 − 1), bigints within 64 bits. */
  int64(field: number, value: number | bigint): void {
    if (value === 0 || value === 0n) return;
    this.varint(field << 3);
    this.signedVarint(value);
  }

  /** As `int64`, for a number given as two halves. */
  uint64(field: number, lo: number, hi: number): void {
    if ((lo | hi) === 0) return;
    this.varint(field << 3);
    this.varint64(lo, hi);
  }

  /** A message whose fields 1, 2, … are those numbers. */
  numbers(field: number, ...values: readonly number[]): void {
    const message = this.openField(field);
    for (let index = 0; index < values.length; index++) this.int64(index + 1, values[index] as number);
    this.close(message);
  }

  /** A varint without a tag, as in packed fields; a negative number takes ten bytes. */
  signedVarint(value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.varint64(Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)));
    } else if (value >= 0) this.varint(value);
    else this.varint64(value, Math.floor(value / 0x1_0000_0000));
  }

  /** A length-delimited field with the content of `bytes[start, end)`. */
  bytesField(field: number, bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    this.varint((field << 3) | 2);
    this.varint(end - start);
    this.append(bytes, start, end);
  }

  /** A length-delimited field with a text. */
  textField(field: number, text: string): void {
    this.varint((field << 3) | 2);
    this.text(text);
  }

  /** Opens a nested message or packed field; give the result to `close`. */
  openField(field: number): number {
    this.varint((field << 3) | 2);
    return this.open();
  }
}
