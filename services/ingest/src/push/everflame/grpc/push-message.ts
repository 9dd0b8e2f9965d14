import { DomainError, InvalidArgumentError, LimitExceededError, type ProfileKind } from '@everflame/profile';
import type { IngestLimits } from '../../../application/limits/limit-settings.ts';
import {
  type EnvelopeBounds,
  envelopeBounds,
  type EnvelopeLimits,
  MAX_ID_BYTES,
  MAX_KINDS,
  MAX_NAME_BYTES,
} from './message-bounds.ts';
import { type MessageBounds, refusalOf } from './message-reader.ts';

/** A `PushRequest` as it came in; `pprof` is a view of the message. */
export interface PushEnvelope {
  id: string;
  readonly labels: (readonly [name: string, value: string])[];
  profileName: string;
  pprof: Buffer;
  timeUnixMs: number;
  durationMs: number;
  readonly kinds: (readonly [sampleType: string, kind: ProfileKind])[];
  idempotencyKey: string;
  /**
   * Why the message is no `PushRequest` or is over a limit; what was read before that is kept, so that the answer can
   * name the id.
   */
  malformed: DomainError | undefined;
  /** Bytes of all of the message, or of what is left of it where it was refused before it was decoded. */
  readonly messageBytes: number;
}

/** Decodes a message; never throws. */
export type PushRequestDecoder = (message: Buffer) => PushEnvelope;

const KINDS: readonly (ProfileKind | undefined)[] = [undefined, 'interval', 'gauge', 'cumulative'];
const NO_BYTES = Buffer.alloc(0);

/**
 * Decodes a `PushRequest` (proto/everflame/ingest/v1/ingest.proto) without copying the profile. Reading ends at the
 * first field over a limit, before there is anything made of it, so that no message costs more than its profile.
 * Format: https://protobuf.dev/programming-guides/encoding/
 */
export function pushRequestDecoder(limits: EnvelopeLimits): PushRequestDecoder {
  const bounds = envelopeBounds(limits);
  return (message) => {
    const envelope = emptyEnvelope(message.length);
    new EnvelopeReader(message, message.length, bounds).read(envelope);
    envelope.malformed = refusalOf(message) ?? envelope.malformed;
    return envelope;
  };
}

/**
 * What a message may be on its way to that decoder: no longer than a profile of the limit in its envelope, and, where it
 * is longer than any envelope, with a profile that the rest of it is no more than an envelope for.
 */
export function pushRequestBounds(
  limits: EnvelopeLimits & Pick<IngestLimits, 'compressedBytes'>,
): MessageBounds {
  const bounds = envelopeBounds(limits);
  const { bytes: envelopeBytes } = bounds;
  return {
    maxBytes: limits.compressedBytes + envelopeBytes,
    peekBytes: envelopeBytes,
    peek: (prefix, length) => {
      const envelope = emptyEnvelope(length);
      const profileBytes = new EnvelopeReader(prefix, length, bounds).read(envelope);
      if (envelope.malformed instanceof LimitExceededError) return envelope.malformed;
      const restBytes = length - profileBytes;
      return restBytes > envelopeBytes
        ? new LimitExceededError('envelope_bytes', envelopeBytes, restBytes)
        : undefined;
    },
  };
}

function emptyEnvelope(messageBytes: number): PushEnvelope {
  return {
    id: '',
    labels: [],
    profileName: '',
    pprof: NO_BYTES,
    timeUnixMs: 0,
    durationMs: 0,
    kinds: [],
    idempotencyKey: '',
    malformed: undefined,
    messageBytes,
  };
}

/** Reads protobuf fields of `bytes[at, end)`. */
class EnvelopeReader {
  readonly #bytes: Buffer;
  readonly #bounds: EnvelopeBounds;
  #at = 0;
  #end: number;
  #fields = 0;
  #profileBytes = 0;

  /** `bytes` are the message, or the beginning of one of `length` bytes. */
  constructor(bytes: Buffer, length: number, bounds: EnvelopeBounds) {
    this.#bytes = bytes;
    this.#bounds = bounds;
    this.#end = length;
  }

  /** Fills the envelope as far as it can be read; answers the bytes of the profile, read or not. */
  read(envelope: PushEnvelope): number {
    try {
      while (this.#at < this.#end) this.#readField(this.#tag(), envelope);
      this.#checkEnd();
    } catch (error) {
      envelope.malformed =
        error instanceof DomainError
          ? error
          : new InvalidArgumentError('The message cannot be decoded.', {
              code: 'malformed_request',
              cause: error,
            });
    }
    return this.#profileBytes;
  }

  #readField(tag: number, envelope: PushEnvelope): void {
    switch (tag) {
      case 0x0a:
        envelope.id = this.#text('id_bytes', MAX_ID_BYTES);
        break;
      case 0x12:
        this.#readLabel(envelope);
        break;
      case 0x1a:
        envelope.profileName = this.#text('name_bytes', MAX_NAME_BYTES);
        break;
      case 0x22:
        envelope.pprof = this.#readProfile();
        break;
      case 0x28:
        envelope.timeUnixMs = this.#int64();
        break;
      case 0x30:
        envelope.durationMs = this.#int64();
        break;
      case 0x3a:
        this.#readKind(envelope);
        break;
      case 0x42:
        envelope.idempotencyKey = this.#text('id_bytes', MAX_ID_BYTES);
        break;
      default:
        this.#skip(tag);
    }
  }

  #readProfile(): Buffer {
    const start = this.#at;
    const profile = this.#slice();
    this.#profileBytes = this.#at - start;
    return profile;
  }

  #readLabel({ labels }: PushEnvelope): void {
    const { labels: maxLabels, nameBytes, valueBytes, labelNameLength, labelValueLength } = this.#bounds;
    if (labels.length >= maxLabels) throw overLimit('labels', maxLabels, maxLabels + 1);
    const outer = this.#enterMessage();
    let name = '';
    let value = '';
    while (this.#at < this.#end) {
      const tag = this.#tag();
      if (tag === 0x0a) name = this.#text('label_name_length', nameBytes, labelNameLength);
      else if (tag === 0x12) value = this.#text('label_value_length', valueBytes, labelValueLength);
      else this.#skip(tag);
    }
    this.#leaveMessage(outer);
    labels.push([name, value]);
  }

  #readKind({ kinds }: PushEnvelope): void {
    if (kinds.length >= MAX_KINDS) throw overLimit('kinds', MAX_KINDS, MAX_KINDS + 1);
    const outer = this.#enterMessage();
    let sampleType = '';
    let code = 0;
    while (this.#at < this.#end) {
      const tag = this.#tag();
      if (tag === 0x0a) sampleType = this.#text('name_bytes', MAX_NAME_BYTES);
      else if (tag === 0x10) code = this.#int64();
      else this.#skip(tag);
    }
    this.#leaveMessage(outer);
    const kind = KINDS[code];
    if (kind !== undefined) kinds.push([sampleType, kind]);
  }

  /** What the field that begins here is: its number and wire type. */
  #tag(): number {
    const { fields } = this.#bounds;
    if (++this.#fields > fields) throw overLimit('fields', fields, this.#fields);
    return this.#int64();
  }

  /** Narrows the end to that of the message that begins here, and answers the end before. */
  #enterMessage(): number {
    const outer = this.#end;
    const size = this.#size();
    this.#end = this.#at + size;
    return outer;
  }

  #leaveMessage(outer: number): void {
    this.#checkEnd();
    this.#end = outer;
  }

  #checkEnd(): void {
    if (this.#at !== this.#end) throw malformed('a field goes past the end');
  }

  /** A text of up to `maxBytes`, which a limit counts as `allowed`. */
  #text(limit: string, maxBytes: number, allowed = maxBytes): string {
    const size = this.#size();
    if (size > maxBytes) throw overLimit(limit, allowed, allowed + 1);
    this.#at += size;
    return this.#bytes.toString('utf8', this.#at - size, this.#at);
  }

  #slice(): Buffer {
    const size = this.#size();
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  #size(): number {
    const size = this.#int64();
    if (!(size >= 0 && size <= this.#end - this.#at)) throw malformed('a field goes past the end');
    return size;
  }

  /** A varint as a signed 64-bit number, rounded beyond 2^53. */
  #int64(): number {
    const first = this.#bytes[this.#at] ?? 0x80;
    if (first < 0x80 && this.#at < this.#end) {
      this.#at++;
      return first;
    }
    return this.#longInt64();
  }

  #longInt64(): number {
    let lo = 0;
    let hi = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || this.#at > this.#end) throw malformed('it is cut short');
      const part = byte & 0x7f;
      if (shift < 28) lo |= part << shift;
      else if (shift === 28) {
        lo |= part << 28;
        hi = part >>> 4;
      } else if (shift < 63) hi |= part << (shift - 32);
      else hi |= (part & 1) << 31;
      if (byte < 0x80) return (hi | 0) * 0x1_0000_0000 + (lo >>> 0);
    }
    throw malformed('a number is too long');
  }

  #skip(tag: number): void {
    const wireType = tag & 7;
    if (tag < 8) throw malformed('a field has no number');
    if (wireType === 0) this.#int64();
    else if (wireType === 1) this.#at += 8;
    else if (wireType === 2) this.#slice();
    else if (wireType === 5) this.#at += 4;
    else throw malformed('a field has an unknown type');
    if (this.#at > this.#end) throw malformed('a field goes past the end');
  }
}

/** Reading stopped there, so nobody knows how much more it is. */
function overLimit(limit: string, allowed: number, atLeast: number): LimitExceededError {
  return new LimitExceededError(limit, allowed, `at least ${atLeast}`);
}

function malformed(what: string): InvalidArgumentError {
  return new InvalidArgumentError(`The message is no PushRequest: ${what}.`, {
    code: 'malformed_request',
    hint: 'Encode it as proto/everflame/ingest/v1/ingest.proto says.',
  });
}
