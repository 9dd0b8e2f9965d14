import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { incomingFromGrpc } from '../src/push/everflame/grpc/push.controller.ts';
import { refusedResponse } from '../src/push/everflame/grpc/responses.ts';
import { incomingFromHttp } from '../src/push/everflame/http/http-push.ts';

const body = new Uint8Array([1]);
const http = (query: string) => incomingFromHttp({ query, body, headers: {} });

describe('a push over HTTP', () => {
  it('takes every parameter for a label, except name, from and until', () => {
    const incoming = http('service_name=shop&version=2.4&name=process_cpu&from=1700000000&until=1700000010');
    expect(incoming.labels.toObject()).toEqual({ service_name: 'shop', version: '2.4' });
    expect(incoming).toMatchObject({
      profileName: 'process_cpu',
      timeMs: 1_700_000_000_000,
      durationMs: 10_000,
    });
  });

  it('reads every query as URLSearchParams does, encoded or not', () => {
    const query = fc.string({ unit: fc.constantFrom('a', 'b', '=', '&', '+', '%', '2', '0', ';', '/', '[') });
    fc.assert(
      fc.property(query, (text) => {
        const expected = [...new URLSearchParams(text)];
        fc.pre(new Set(expected.map(([name]) => name)).size === expected.length);
        expect(http(text).labels.toObject()).toEqual(Object.fromEntries(expected));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['1700000000', 1_700_000_000_000],
    ['1700000000123', 1_700_000_000_123],
    ['1700000000123456', 1_700_000_000_123],
    ['1700000000123456789', 1_700_000_000_123],
  ])('reads the unit of the time %s from its digits, in whole ms', (text, ms) => {
    expect(http(`from=${text}`).timeMs).toBe(ms);
  });

  it.each([
    ['1700000000000000000', '1700000010000400000', 10_000],
    ['1700000000000600000', '1700000010000000000', 9999],
    ['1700000000000000', '1700000000000001', 1],
    ['1700000000', '1700000000', 0],
  ])('lasts from %s until %s in whole ms, at least 1 where there is a duration', (from, until, ms) => {
    expect(http(`from=${from}&until=${until}`).durationMs).toBe(ms);
  });

  it('refuses a range that ends before it begins, a name that is no word, and a time that is no number', () => {
    expect(() => http('from=1700000010&until=1700000000')).toThrow(
      expect.objectContaining({ code: 'inverted_range' }),
    );
    expect(() => http('name=a:b')).toThrow(expect.objectContaining({ code: 'invalid_profile_name' }));
    expect(() => http('from=noon')).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });
});

describe('a push over gRPC', () => {
  const request = {
    id: '7',
    labels: [['service_name', 'shop'] as const],
    profileName: 'memory',
    pprof: Buffer.from(body),
    timeUnixMs: 1_700_000_000_123,
    durationMs: 15_000,
    kinds: [['alloc_space', 'interval'] as const],
    idempotencyKey: '',
    refusal: undefined,
    messageBytes: 0,
  };

  it('keeps the kinds that the pusher states', () => {
    const incoming = incomingFromGrpc(request);
    expect([...incoming.kinds]).toEqual([['alloc_space', 'interval']]);
    expect(incoming).toMatchObject({ timeMs: 1_700_000_000_123, durationMs: 15_000 });
  });

  it.each([['ü'], ['a\nb'], ['x'.repeat(129)], ['\u0000']])(
    'refuses %j as an idempotency key',
    (idempotencyKey) => {
      const code = { code: 'invalid_idempotency_key' };
      expect(() => incomingFromGrpc({ ...request, idempotencyKey })).toThrow(expect.objectContaining(code));
      expect(() =>
        incomingFromHttp({
          query: 'service_name=shop',
          body,
          headers: { 'idempotency-key': idempotencyKey },
        }),
      ).toThrow(expect.objectContaining(code));
    },
  );

  it('refuses the same label twice', () => {
    const twice = { ...request, labels: [...request.labels, ['service_name', 'cart'] as const] };
    expect(() => incomingFromGrpc(twice)).toThrow(expect.objectContaining({ code: 'invalid_label' }));
  });

  it('tells nothing from inside when a bug refuses it', () => {
    expect(refusedResponse('7', new TypeError('secret')).error).toMatchObject({
      code: 'internal',
      retryable: true,
    });
    expect(JSON.stringify(refusedResponse('7', new TypeError('secret')))).not.toContain('secret');
  });
});
