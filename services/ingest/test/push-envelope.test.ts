import { INGEST_PROTO_FILE, PROTO_LOADER_OPTIONS, type PushRequest } from '@everflame/contract/grpc';
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePushRequest, pushServiceDefinition } from '../src/adapters/push-envelope.ts';

type RequestType = MessageTypeDefinition<PushRequest, Required<PushRequest>>;
const definition = loadSync(INGEST_PROTO_FILE, PROTO_LOADER_OPTIONS);
const requestType = definition['everflame.ingest.v1.PushRequest'] as RequestType;

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

describe('the envelope of a push over gRPC', () => {
  it('is read as protobufjs wrote it', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const message = requestType.serialize(request);
        const kinds = request.kinds
          .filter(({ kind }) => kind !== 'KIND_UNSPECIFIED')
          .map(({ sampleType, kind }) => [sampleType, kind.slice('KIND_'.length).toLowerCase()]);
        expect(decodePushRequest(message)).toEqual({
          id: text(request.id),
          labels: request.labels.map(({ name, value }) => [name, text(value)]),
          profileName: request.profileName,
          pprof: request.pprof,
          timeUnixMs: request.timeUnixMs,
          durationMs: request.durationMs,
          kinds,
          idempotencyKey: text(request.idempotencyKey),
          malformed: undefined,
        });
      }),
    );
  });

  it('keeps the profile where the message has it', () => {
    const message = requestType.serialize({ pprof: Buffer.from('a profile') });
    expect(decodePushRequest(message).pprof.buffer).toBe(message.buffer);
  });

  it('passes over fields that it does not know', () => {
    const unknown = Buffer.from([0x48, 0x01, 0x51, 1, 2, 3, 4, 5, 6, 7, 8, 0x5a, 2, 9, 9, 0x65, 1, 2, 3, 4]);
    const known = requestType.serialize({ id: '7', profileName: 'memory' });
    const envelope = decodePushRequest(Buffer.concat([unknown, known, unknown]));
    expect(envelope).toMatchObject({ id: '7', profileName: 'memory', malformed: undefined });
  });

  it('never throws, whatever the bytes are, and keeps the id that it read', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodePushRequest(Buffer.from(bytes))));
    const message = requestType.serialize({ id: 'cut', profileName: 'memory' });
    const cut = decodePushRequest(message.subarray(0, message.length - 2));
    expect(cut.id).toBe('cut');
    expect(cut.malformed).toMatchObject({ code: 'malformed_request' });
  });

  it('is what the service decodes its requests with', () => {
    const service = pushServiceDefinition()['everflame.ingest.v1.IngestService'];
    const methods = Object.values(service ?? {}) as { requestDeserialize: unknown }[];
    expect(methods.map(({ requestDeserialize }) => requestDeserialize)).toEqual([
      decodePushRequest,
      decodePushRequest,
    ]);
  });
});

/** What is left of a text that UTF-8 cannot hold. */
function text(value: string): string {
  return Buffer.from(value).toString();
}
