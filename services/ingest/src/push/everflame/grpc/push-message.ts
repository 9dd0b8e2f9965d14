import {
  type DomainError,
  InvalidArgumentError,
  LimitExceededError,
  type ProfileKind,
  WireReader,
} from '@everflame/profile';
import type { IngestLimits } from '../../../application/limits/limit-settings.ts';
import { type MessageBounds, refusalOf } from '../../grpc/message-reader.ts';

/** A profile has no more sample types than this, so a push states no more kinds. */
const MAX_KINDS = 64;
const MAX_ID_BYTES = 1024;
/** Of the profile name and of a sample type: more than either may have, less than is worth attacking with. */
const MAX_NAME_BYTES = 1024;
/** All texts besides those of labels and kinds, and room for as many again. */
const OTHER_TEXT_BYTES = 4096;
/** Fields of a message besides its labels and kinds, of which it has a few. */
const OTHER_FIELDS = 64;
/** Fields of a label or kind, and the field that it is. */
const FIELDS_OF_PAIR = 3;
/** The most that number, type and length of a field take, or a number in it. */
const FIELD_HEAD_BYTES = 16;
/** No UTF-16 code unit, which is what lengths are counted in, takes more bytes of UTF-8. */
const BYTES_PER_UNIT = 3;

/** The limits that bound what a push has besides its profile. */
type PushLimits = Pick<IngestLimits, 'labels' | 'labelNameLength' | 'labelValueLength'>;

/** Those limits in what is counted while a message is read. */
type PushBounds = Readonly<ReturnType<typeof pushBounds>>;

function pushBounds({ labels, labelNameLength, labelValueLength }: PushLimits) {
  /** Bytes of the name and of the value of a label. */
  const nameBytes = labelNameLength * BYTES_PER_UNIT;
  const valueBytes = labelValueLength * BYTES_PER_UNIT;
  /** Fields, those within fields and unknown ones included. */
  const fields = (labels + MAX_KINDS) * FIELDS_OF_PAIR + OTHER_FIELDS;
  const textBytes = labels * (nameBytes + valueBytes) + MAX_KINDS * MAX_NAME_BYTES + OTHER_TEXT_BYTES;
  /** The most bytes besides the profile that a message can have without being over any of the others. */
  const bytes = textBytes + fields * FIELD_HEAD_BYTES;
  return { labels, labelNameLength, labelValueLength, nameBytes, valueBytes, fields, bytes };
}

/** A `PushRequest` as it came in. */
export type PushMessage = ReturnType<typeof emptyPush>;

/** Decodes a message; never throws. */
export type PushMessageDecoder = (message: Buffer) => PushMessage;

const KINDS: readonly (ProfileKind | undefined)[] = [undefined, 'interval', 'gauge', 'cumulative'];
const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * Returns a decoder of `PushRequest` (proto/everflame/ingest/v1/ingest.proto) that does not copy the profile. It stops at
 * the first field over a limit, before anything is made of it, so that no message costs more than its profile: what
 * counts is what reads (docs/adr/0014-hostile-messages.md).
 */
export function pushMessageDecoder(limits: PushLimits): PushMessageDecoder {
  const reader = new PushMessageReader(pushBounds(limits));
  return (message) => {
    const { push } = reader.read(message, message.length);
    push.refusal = refusalOf(message) ?? push.refusal;
    return push;
  };
}

/**
 * What a message may be on its way to that decoder: no longer than the largest profile and everything else that a push
 * may have; and one that is longer than everything else may be has to be so by its profile.
 */
export function pushMessageBounds(limits: PushLimits & Pick<IngestLimits, 'compressedBytes'>): MessageBounds {
  const bounds = pushBounds(limits);
  const { bytes: maxBytesBesides } = bounds;
  return {
    maxBytes: limits.compressedBytes + maxBytesBesides,
    peekBytes: maxBytesBesides,
    peek: (prefix, length) => {
      const { push, profileBytes } = new PushMessageReader(bounds).read(prefix, length);
      if (push.refusal instanceof LimitExceededError) return push.refusal;
      const bytesBesides = length - profileBytes;
      if (bytesBesides <= maxBytesBesides) return undefined;
      return new LimitExceededError('envelope_bytes', maxBytesBesides, bytesBesides);
    },
  };
}

class PushMessageReader {
  readonly #bounds: PushBounds;
  readonly #wire = new WireReader();
  #bytes = NO_BYTES;
  #fields = 0;
  #profileBytes = 0;

  constructor(bounds: PushBounds) {
    this.#bounds = bounds;
  }

  /**
   * Reads a message of `length` bytes, or its beginning, as far as it can be read. `profileBytes` counts those of the
   * profile, read or not.
   */
  read(bytes: Buffer, length: number): { readonly push: PushMessage; readonly profileBytes: number } {
    const wire = this.#wire;
    wire.reset(bytes);
    wire.end = length;
    this.#bytes = bytes;
    this.#fields = 0;
    this.#profileBytes = 0;
    const push = emptyPush(length);
    try {
      while (wire.pos < length) this.#readField(this.#tag(), push);
    } catch (error) {
      push.refusal = error instanceof LimitExceededError ? error : malformed(error);
    }
    return { push, profileBytes: this.#profileBytes };
  }

  #readField(tag: number, push: PushMessage): void {
    switch (tag) {
      case 0x0a:
        push.id = this.#text('id_bytes', MAX_ID_BYTES);
        break;
      case 0x12:
        this.#readLabel(push);
        break;
      case 0x1a:
        push.profileName = this.#text('name_bytes', MAX_NAME_BYTES);
        break;
      case 0x22:
        push.pprof = this.#profile();
        break;
      case 0x28:
        push.timeUnixMs = this.#int64();
        break;
      case 0x30:
        push.durationMs = this.#int64();
        break;
      case 0x3a:
        this.#readKind(push);
        break;
      case 0x42:
        push.idempotencyKey = this.#text('id_bytes', MAX_ID_BYTES);
        break;
      default:
        this.#wire.skip(tag);
    }
  }

  #readLabel({ labels }: PushMessage): void {
    const { labels: maxLabels, nameBytes, valueBytes, labelNameLength, labelValueLength } = this.#bounds;
    if (labels.length >= maxLabels) throw overLimit('labels', maxLabels);
    let name = '';
    let value = '';
    this.#readMessage((tag) => {
      if (tag === 0x0a) name = this.#text('label_name_length', nameBytes, labelNameLength);
      else if (tag === 0x12) value = this.#text('label_value_length', valueBytes, labelValueLength);
      else this.#wire.skip(tag);
    });
    labels.push([name, value]);
  }

  #readKind({ kinds }: PushMessage): void {
    if (kinds.length >= MAX_KINDS) throw overLimit('kinds', MAX_KINDS);
    let sampleType = '';
    let code = 0;
    this.#readMessage((tag) => {
      if (tag === 0x0a) sampleType = this.#text('name_bytes', MAX_NAME_BYTES);
      else if (tag === 0x10) code = this.#int64();
      else this.#wire.skip(tag);
    });
    const kind = KINDS[code];
    if (kind !== undefined) kinds.push([sampleType, kind]);
  }

  /** Reads the fields of a message that is a field itself. */
  #readMessage(readField: (tag: number) => void): void {
    const wire = this.#wire;
    const outerEnd = wire.end;
    const end = wire.limit();
    wire.end = end;
    while (wire.pos < end) readField(this.#tag());
    wire.end = outerEnd;
  }

  /** Reads which field begins here, and counts it. */
  #tag(): number {
    if (++this.#fields > this.#bounds.fields) throw overLimit('fields', this.#bounds.fields);
    const tag = this.#wire.tag();
    if (tag < 8) throw new Error('a field has no number');
    return tag;
  }

  #profile(): Buffer {
    const start = this.#wire.pos;
    const end = this.#wire.limit();
    this.#profileBytes = end - start;
    const pprof = this.#bytes.subarray(this.#wire.pos, end);
    this.#wire.pos = end;
    return pprof;
  }

  /** Reads a text of up to `maxBytes`, which a limit counts as `allowed`. */
  #text(limit: string, maxBytes: number, allowed = maxBytes): string {
    const end = this.#wire.limit();
    const start = this.#wire.pos;
    if (end - start > maxBytes) throw overLimit(limit, allowed);
    this.#wire.pos = end;
    return this.#bytes.toString('utf8', start, end);
  }

  /** Reads a signed 64-bit number, rounded beyond 2^53. */
  #int64(): number {
    this.#wire.varint();
    return this.#wire.hi * 2 ** 32 + (this.#wire.lo >>> 0);
  }
}

function emptyPush(messageBytes: number) {
  return {
    id: '',
    labels: [] as (readonly [name: string, value: string])[],
    profileName: '',
    /** A view of the message. */
    pprof: NO_BYTES,
    timeUnixMs: 0,
    durationMs: 0,
    kinds: [] as (readonly [sampleType: string, kind: ProfileKind])[],
    idempotencyKey: '',
    /** Why it is none or is over a limit. What was read before that is there, so that the answer can name the id. */
    refusal: undefined as DomainError | undefined,
    /** Bytes of all of the message, or of what is left of it where it was refused before it was decoded. */
    messageBytes,
  };
}

/** Reading stopped there, so nobody knows how much more it is. */
function overLimit(limit: string, allowed: number): LimitExceededError {
  return new LimitExceededError(limit, allowed, `at least ${allowed + 1}`);
}

function malformed(cause: unknown): InvalidArgumentError {
  return new InvalidArgumentError('The message is no PushRequest.', {
    code: 'malformed_request',
    hint: 'Encode it as proto/everflame/ingest/v1/ingest.proto says.',
    cause,
  });
}
