import {
  INGEST_PACKAGE,
  INGEST_PROTO_FILE,
  INGEST_SERVICE,
  PROTO_LOADER_OPTIONS,
} from '@everflame/contract/grpc';
import { InvalidArgumentError, type ProfileKind } from '@everflame/profile';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

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
  /** Why the message is no `PushRequest`; what was read before that is kept, so that the answer can name the id. */
  malformed: InvalidArgumentError | undefined;
}

const KINDS: readonly (ProfileKind | undefined)[] = [undefined, 'interval', 'gauge', 'cumulative'];
const NO_BYTES = Buffer.alloc(0);

/**
 * The service as `proto/` defines it, except that a message that cannot be decoded is handed on as malformed, because
 * gRPC would end the whole stream for it.
 */
export function pushServiceDefinition(): PackageDefinition {
  const definition = loadSync(INGEST_PROTO_FILE, PROTO_LOADER_OPTIONS);
  const service = definition[`${INGEST_PACKAGE}.${INGEST_SERVICE}`];
  if (service === undefined) throw new Error(`${INGEST_PROTO_FILE} has no ${INGEST_SERVICE}.`);
  for (const method of Object.values(service)) {
    if (typeof method === 'object' && 'requestDeserialize' in method)
      method.requestDeserialize = decodePushRequest;
  }
  return definition;
}

/**
 * Decodes a `PushRequest` (proto/everflame/ingest/v1/ingest.proto) without copying the profile. Never throws.
 * Format: https://protobuf.dev/programming-guides/encoding/
 */
export function decodePushRequest(message: Buffer): PushEnvelope {
  const envelope: PushEnvelope = {
    id: '',
    labels: [],
    profileName: '',
    pprof: NO_BYTES,
    timeUnixMs: 0,
    durationMs: 0,
    kinds: [],
    idempotencyKey: '',
    malformed: undefined,
  };
  try {
    new EnvelopeReader(message).readRequest(envelope);
  } catch (error) {
    const cause = error instanceof InvalidArgumentError ? error : undefined;
    envelope.malformed =
      cause ??
      new InvalidArgumentError('The message cannot be decoded.', { code: 'malformed_request', cause: error });
  }
  return envelope;
}

/** Reads protobuf fields of `bytes[at, end)`. */
class EnvelopeReader {
  readonly #bytes: Buffer;
  #at = 0;
  #end: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  readRequest(envelope: PushEnvelope): void {
    while (this.#at < this.#end) this.#readField(this.#int64(), envelope);
    this.#checkEnd();
  }

  #readField(tag: number, envelope: PushEnvelope): void {
    switch (tag) {
      case 0x0a:
        envelope.id = this.#text();
        break;
      case 0x12:
        envelope.labels.push(this.#readLabel());
        break;
      case 0x1a:
        envelope.profileName = this.#text();
        break;
      case 0x22:
        envelope.pprof = this.#slice();
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
        envelope.idempotencyKey = this.#text();
        break;
      default:
        this.#skip(tag);
    }
  }

  #readLabel(): readonly [string, string] {
    const outer = this.#enterMessage();
    let name = '';
    let value = '';
    while (this.#at < this.#end) {
      const tag = this.#int64();
      if (tag === 0x0a) name = this.#text();
      else if (tag === 0x12) value = this.#text();
      else this.#skip(tag);
    }
    this.#leaveMessage(outer);
    return [name, value];
  }

  #readKind({ kinds }: PushEnvelope): void {
    const outer = this.#enterMessage();
    let sampleType = '';
    let code = 0;
    while (this.#at < this.#end) {
      const tag = this.#int64();
      if (tag === 0x0a) sampleType = this.#text();
      else if (tag === 0x10) code = this.#int64();
      else this.#skip(tag);
    }
    this.#leaveMessage(outer);
    const kind = KINDS[code];
    if (kind !== undefined) kinds.push([sampleType, kind]);
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

  #text(): string {
    const size = this.#size();
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

function malformed(what: string): InvalidArgumentError {
  return new InvalidArgumentError(`The message is no PushRequest: ${what}.`, {
    code: 'malformed_request',
    hint: 'Encode it as proto/everflame/ingest/v1/ingest.proto says.',
  });
}
