import { INGEST_PROTO_FILE, PROTO_LOADER_OPTIONS, type PushRequest } from '@everflame/contract/grpc';
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type PushMessage,
  pushMessageBounds,
  pushMessageDecoder,
} from '../src/push/everflame/grpc/push-message.ts';
import { pushServiceDefinition } from '../src/push/everflame/grpc/push-service.ts';
import { limitsOf } from '../src/application/limits/limit-settings.ts';

type RequestType = MessageTypeDefinition<PushRequest, Required<PushRequest>>;
const definition = loadSync(INGEST_PROTO_FILE, PROTO_LOADER_OPTIONS);
const requestType = definition['everflame.ingest.v1.PushRequest'] as RequestType;

const decodePush = pushMessageDecoder(limitsOf());

const KIND_NAMES = ['KIND_UNSPECIFIED', 'KIND_INTERVAL', 'KIND_GAUGE', 'KIND_CUMULATIVE'] as const;
const requests = fc.record({
  id: fc.string({ unit: 'binary' }),
  labels: fc.array(fc.record({ name: fc.string(), value: fc.string({ unit: 'binary' }) }), { maxLength: 5 }),
  profileName: fc.string(),
  pprof: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  timeUnixMs: fc.maxSafeInteger(),
  durationMs: fc.maxSafeInteger(),
  kinds: fc.array(fc.record({ sampleType: fc.string(), kind: fc.constantFrom(...KIND_NAMES) }), {
    maxLength: 3,
  }),
  idempotencyKey: fc.string({ unit: 'binary' }),
});

describe('a push over gRPC', () => {
  it('is read as protobufjs wrote it', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const message = requestType.serialize(request);
        const kinds = request.kinds
          .filter(({ kind }) => kind !== 'KIND_UNSPECIFIED')
          .map(({ sampleType, kind }) => [sampleType, kind.slice('KIND_'.length).toLowerCase()]);
        expect(decodePush(message)).toEqual({
          id: text(request.id),
          labels: request.labels.map(({ name, value }) => [name, text(value)]),
          profileName: request.profileName,
          pprof: request.pprof,
          timeUnixMs: request.timeUnixMs,
          durationMs: request.durationMs,
          kinds,
          idempotencyKey: text(request.idempotencyKey),
          refusal: undefined,
          messageBytes: message.length,
        });
      }),
    );
  });

  it('keeps the profile where the message has it', () => {
    const message = requestType.serialize({ pprof: Buffer.from('a profile') });
    expect(decodePush(message).pprof.buffer).toBe(message.buffer);
  });

  it('passes over fields that it does not know', () => {
    const unknown = Buffer.from([0x48, 0x01, 0x51, 1, 2, 3, 4, 5, 6, 7, 8, 0x5a, 2, 9, 9, 0x65, 1, 2, 3, 4]);
    const known = requestType.serialize({ id: '7', profileName: 'memory' });
    const push = decodePush(Buffer.concat([unknown, known, unknown]));
    expect(push).toMatchObject({ id: '7', profileName: 'memory', refusal: undefined });
  });

  it('never throws, whatever the bytes are, and keeps the id that it read', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodePush(Buffer.from(bytes))));
    const message = requestType.serialize({ id: 'cut', profileName: 'memory' });
    const cut = decodePush(message.subarray(0, message.length - 2));
    expect(cut.id).toBe('cut');
    expect(cut.refusal).toMatchObject({ code: 'malformed_request' });
  });

  it('is what the service decodes its requests with', () => {
    const service = pushServiceDefinition(decodePush)['everflame.ingest.v1.IngestService'];
    const methods = Object.values(service ?? {}) as { requestDeserialize: unknown }[];
    expect(methods.map(({ requestDeserialize }) => requestDeserialize)).toEqual([decodePush, decodePush]);
  });
});

describe('a push over a limit', () => {
  const MILLION = 1_000_000;
  const repeated = (...field: readonly number[]): Buffer =>
    Buffer.concat([
      requestType.serialize({ id: '7' }),
      Buffer.alloc(field.length * MILLION, Buffer.from(field)),
    ]);
  const label = [0x12, 6, 0x0a, 1, 0x61, 0x12, 1, 0x62] as const;

  it.each<[string, Buffer, string]>([
    ['labels', repeated(...label), 'limit_labels'],
    ['kinds', repeated(0x3a, 5, 0x0a, 1, 0x61, 0x10, 1), 'limit_kinds'],
    ['kinds that say nothing', repeated(0x3a, 0), 'limit_fields'],
    ['times', repeated(0x28, 1), 'limit_fields'],
    ['profiles', repeated(0x22, 0), 'limit_fields'],
    ['unknown fields', repeated(0x48, 1), 'limit_fields'],
    ['fields in one label', inField(0x12, repeated(0x48, 1)), 'limit_fields'],
  ])('is read no further than its limit: a million %s', (_, message, code) => {
    const push = decodePush(message);
    expect(push.refusal).toMatchObject({ code, kind: 'too_large' });
    expect(push.labels.length).toBeLessThanOrEqual(30);
    expect(push.kinds.length).toBeLessThanOrEqual(64);
  });

  it.each<[string, PushRequest, string]>([
    ['an id', { id: 'i'.repeat(1025) }, 'limit_id_bytes'],
    ['a profile name', { profileName: 'n'.repeat(1025) }, 'limit_name_bytes'],
    ['a sample type', { kinds: [{ sampleType: 's'.repeat(1025) }] }, 'limit_name_bytes'],
    ['the name of a label', { labels: [{ name: 'n'.repeat(MILLION) }] }, 'limit_label_name_length'],
    ['the value of a label', { labels: [{ value: 'v'.repeat(MILLION) }] }, 'limit_label_value_length'],
  ])('has no text made of %s that is too long', (_, request, code) => {
    const { refusal, ...read }: PushMessage = decodePush(requestType.serialize(request));
    expect(refusal).toMatchObject({ code });
    expect(JSON.stringify({ ...read, pprof: '' }).length).toBeLessThan(200);
  });

  it('keeps the id that it read, for the answer', () => {
    expect(decodePush(repeated(...label))).toMatchObject({
      id: '7',
      refusal: { message: 'labels is limited to 30; got at least 31.' },
    });
  });

  it('is longer than any that is within all of them, whatever they are', () => {
    const limits = fc.record({
      labels: fc.integer({ min: 1, max: 40 }),
      labelNameLength: fc.integer({ min: 1, max: 50 }),
      labelValueLength: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(limits, (changed) => {
        const message = requestType.serialize({
          id: 'i'.repeat(1024),
          profileName: 'n'.repeat(1024),
          timeUnixMs: -1,
          durationMs: -1,
          labels: Array.from({ length: changed.labels }, () => ({
            name: '€'.repeat(changed.labelNameLength),
            value: '€'.repeat(changed.labelValueLength),
          })),
          kinds: Array.from({ length: 64 }, () => ({ sampleType: 's'.repeat(1024), kind: 'KIND_GAUGE' })),
        });
        const limits = limitsOf(changed);
        expect(pushMessageDecoder(limits)(message).refusal).toBeUndefined();
        const { maxBytes, peekBytes } = pushMessageBounds(limits);
        expect(message.length).toBeLessThanOrEqual(peekBytes);
        expect(maxBytes).toBe(limits.compressedBytes + peekBytes);
      }),
      { numRuns: 20 },
    );
  });
});

describe('the beginning of a long message', () => {
  const { peek, peekBytes } = pushMessageBounds(limitsOf());
  const beginning = (message: Buffer) => peek(message.subarray(0, peekBytes), message.length);
  const labels = Buffer.alloc(8_000_000, Buffer.from([0x12, 6, 0x0a, 1, 0x61, 0x12, 1, 0x62]));
  const profile = inField(0x22, Buffer.alloc(8_000_000));

  it('tells that it has too many of something, or more than its profile', () => {
    const refusals = [labels, Buffer.concat([inField(0x22, Buffer.alloc(9)), labels]), inField(0x5a, labels)];
    expect(refusals.map((message) => beginning(message)?.code)).toEqual([
      'limit_labels',
      'limit_labels',
      'limit_envelope_bytes',
    ]);
    expect(beginning(Buffer.concat([profile, labels]))?.code).toBe('limit_envelope_bytes');
    expect(beginning(Buffer.concat([profile, profile]))?.code).toBe('limit_envelope_bytes');
    expect(beginning(Buffer.alloc(8_000_000, 255))?.code).toBe('limit_envelope_bytes');
  });

  it('lets pass a profile with little besides, wherever in the message the profile is', () => {
    const few = labels.subarray(0, 8 * 30);
    expect(beginning(Buffer.concat([few, profile]))).toBeUndefined();
    expect(beginning(Buffer.concat([profile, few]))).toBeUndefined();
  });
});

/** One field of bytes. */
function inField(tag: number, bytes: Buffer): Buffer {
  const head = [tag];
  for (let left = bytes.length; left > 0; left = Math.floor(left / 128)) {
    head.push((left % 128) | (left > 127 ? 128 : 0));
  }
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** What is left of a text that UTF-8 cannot hold. */
function text(value: string): string {
  return Buffer.from(value).toString();
}
