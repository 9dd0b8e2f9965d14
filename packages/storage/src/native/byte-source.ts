import { DomainError } from '@everflame/profile';

/** The database answered with bytes that are not a Native block. */
export class MalformedAnswerError extends DomainError {
  constructor(message: string) {
    super('unavailable', 'storage_malformed_answer', message, {
      hint: 'Ask again; if it persists, look at the ClickHouse log.',
    });
  }
}

/** Reads Native's primitives within the bounds of `bytes`; past the end it throws `MalformedAnswerError`. */
export class ByteSource {
  readonly bytes: Buffer;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.length - this.#offset;
  }

  readVarUint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.bytes[this.take(1)] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= 0x80;
    }
    throw new MalformedAnswerError('A length in the answer of ClickHouse is out of range.');
  }

  readString(): string {
    const length = this.readVarUint();
    const start = this.take(length);
    return this.bytes.toString('utf8', start, start + length);
  }

  /** Takes `count` values of `bytesPerValue`; the view starts at the first. */
  readFixed(count: number, bytesPerValue: number): DataView {
    const start = this.take(count * bytesPerValue);
    return new DataView(this.#view.buffer, this.#view.byteOffset + start, count * bytesPerValue);
  }

  /** Moves past `length` bytes and answers where they start. */
  take(length: number): number {
    if (length > this.remaining) {
      throw new MalformedAnswerError(
        `The answer of ClickHouse ends ${length - this.remaining} bytes too early.`,
      );
    }
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}
