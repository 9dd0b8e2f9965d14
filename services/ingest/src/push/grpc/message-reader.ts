import { DomainError, LimitExceededError } from '@everflame/profile';
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

/** Before each message: whether it is compressed, and its length. */
const HEAD_BYTES = 5;
/** What is kept of a message that is refused: its id comes first. */
const KEPT_BYTES = 1100;

/** Why the message in this memory is refused. What grpc-js hands on is a view of the memory that it was given. */
const refusals = new WeakMap<ArrayBufferLike, DomainError>();

/** Why a message, as it is to be decoded, is refused whatever is in it; undefined when it is not. */
export function refusalOf(message: Buffer): DomainError | undefined {
  return refusals.get(message.buffer);
}

export interface MessageBounds {
  readonly maxBytes: number;
  /** After so many bytes of a message that has more, `peek` is asked. */
  readonly peekBytes: number;
  /** Why a message of `length` bytes that begins with `prefix` is refused, if its beginning tells. */
  readonly peek: (prefix: Buffer, length: number) => DomainError | undefined;
}

/**
 * Takes the messages out of the bytes of a call. One that is too long, compressed, or refused by its beginning is
 * handed on at once as its first bytes alone, for which `refusalOf` says why, and the rest of it is passed over: it
 * costs no memory, and nothing else on its stream.
 * Format: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export class MessageReader {
  readonly #bounds: MessageBounds;
  readonly #onPassedOver: (bytes: number) => void;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  #parts: Buffer[] = [];
  /** Bytes to collect, and those after them that are not asked for yet. */
  #missing = 0;
  #later = 0;
  #passedOver = 0;
  #refusal: DomainError | undefined;

  /** `onPassedOver` is told of the bytes of refused messages that are not handed on, as they come. */
  constructor(bounds: MessageBounds, onPassedOver: (bytes: number) => void) {
    this.#bounds = bounds;
    this.#onPassedOver = onPassedOver;
  }

  /** The messages that are complete now, each with its head, as grpc-js wants them. */
  write(data: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    for (let at = 0; at < data.length;) {
      if (this.#passedOver > 0) {
        at += this.#passOver(data.length - at);
        continue;
      }
      const isHead = this.#headBytes < HEAD_BYTES;
      const bytes = Math.min(isHead ? HEAD_BYTES - this.#headBytes : this.#missing, data.length - at);
      if (isHead) this.#readHead(data, at, bytes);
      else this.#readBody(data.subarray(at, at + bytes));
      at += bytes;
      if (this.#headBytes === HEAD_BYTES && this.#missing === 0) messages.push(this.#take());
    }
    return messages;
  }

  #passOver(available: number): number {
    const bytes = Math.min(this.#passedOver, available);
    this.#passedOver -= bytes;
    this.#onPassedOver(bytes);
    return bytes;
  }

  #readHead(data: Buffer, at: number, bytes: number): void {
    data.copy(this.#head, this.#headBytes, at, at + bytes);
    this.#headBytes += bytes;
    if (this.#headBytes < HEAD_BYTES) return;
    const length = this.#head.readUInt32BE(1);
    this.#refusal = this.#refuse(this.#head.readUInt8(0) !== 0, length);
    this.#missing = Math.min(length, this.#refusal === undefined ? this.#bounds.peekBytes : KEPT_BYTES);
    this.#later = length - this.#missing;
  }

  #refuse(isCompressed: boolean, length: number): DomainError | undefined {
    const { maxBytes } = this.#bounds;
    if (length > maxBytes) {
      const hint = 'Profile for a shorter time or at a lower rate.';
      return new LimitExceededError('request_bytes', maxBytes, length, hint);
    }
    // What it would inflate to is not known before it is inflated.
    return isCompressed ? new UnsupportedEncodingError() : undefined;
  }

  #readBody(part: Buffer): void {
    this.#parts.push(part);
    this.#missing -= part.length;
    if (this.#missing > 0 || this.#later === 0 || this.#refusal !== undefined) return;
    const prefix = Buffer.concat(this.#parts);
    this.#refusal = this.#bounds.peek(prefix, prefix.length + this.#later);
    const kept = this.#refusal === undefined ? prefix : prefix.subarray(0, KEPT_BYTES);
    this.#parts = [kept];
    if (this.#refusal !== undefined) {
      this.#onPassedOver(prefix.length - kept.length);
      return;
    }
    this.#missing = this.#later;
    this.#later = 0;
  }

  #take(): Buffer {
    const parts = this.#parts;
    const refusal = this.#refusal;
    this.#headBytes = 0;
    this.#parts = [];
    this.#refusal = undefined;
    if (refusal === undefined) return Buffer.concat([Buffer.from(this.#head), ...parts]);
    this.#passedOver = this.#later;
    // In memory of its own, by which it is known, with a head that says that it is not compressed.
    const kept = Buffer.concat(parts);
    const message = Buffer.from(new ArrayBuffer(HEAD_BYTES + kept.length));
    message.writeUInt32BE(kept.length, 1);
    kept.copy(message, HEAD_BYTES);
    refusals.set(message.buffer, refusal);
    return message;
  }
}

/** The message is compressed, so nobody can say which one it is: a stream ends over it. */
export class UnsupportedEncodingError extends DomainError {
  constructor() {
    super('unsupported', 'unsupported_encoding', 'A compressed message is not taken.', {
      hint: 'Send the call without grpc-encoding; the profile in it may be gzip.',
    });
  }
}

/**
 * Has the calls of a server of grpc-js read by `MessageReader`. grpc-js has no option for it; its own reader ends the
 * stream over a message that is too long, without a code, and inflates what is compressed
 * (docs/adr/0014-hostile-messages.md). `onPassedOver` is told of bytes of a peer that were let go.
 */
export function readMessagesWithin(
  bounds: MessageBounds,
  onPassedOver: (peer: string, bytes: number) => void,
): ServerInterceptor {
  return (_method, call) => {
    if (!hasDecoder(call)) throw new Error('This version of grpc-js reads its calls in another way.');
    const peer = call.getPeer();
    call.decoder = new MessageReader(bounds, (bytes) => onPassedOver(peer, bytes));
    return new ServerInterceptingCall(call);
  };
}

function hasDecoder(call: object): call is { decoder: Pick<MessageReader, 'write'> } {
  return 'decoder' in call;
}
