import { LimitExceededError } from '@everflame/profile';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MessageBounds, MessageReader, refusalOf } from '../src/push/grpc/message-reader.ts';

const MAX_BYTES = 2000;
const PEEK_BYTES = 1500;
/** The byte that messages begin with that are refused by their beginning. */
const BAD = 7;
const bounds: MessageBounds = {
  maxBytes: MAX_BYTES,
  peekBytes: PEEK_BYTES,
  peek: (prefix, length) => {
    if (prefix.length !== PEEK_BYTES || length <= PEEK_BYTES) throw new Error('asked at another time');
    return prefix[0] === BAD ? new LimitExceededError('labels', 1, length) : undefined;
  },
};

interface Sent {
  readonly body: Buffer;
  readonly flag: number;
}

const sent: fc.Arbitrary<Sent> = fc.record({
  body: fc
    .oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 4000 }))
    .chain((bytes) => fc.integer({ min: BAD - 1, max: BAD + 1 }).map((byte) => Buffer.alloc(bytes, byte))),
  flag: fc.constantFrom(0, 0, 0, 1),
});

function framed({ body, flag }: Sent): Buffer {
  const head = Buffer.from([flag, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

function codeOf({ body, flag }: Sent): string | undefined {
  if (body.length > MAX_BYTES) return 'limit_request_bytes';
  if (flag === 1) return 'unsupported_encoding';
  return body.length > PEEK_BYTES && body[0] === BAD ? 'limit_labels' : undefined;
}

describe('the reader of gRPC messages', () => {
  it('hands on each message once, whole, wherever the bytes are cut', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 12 }), cuts, (messages, sizes) => {
        let passedOver = 0;
        const reader = new MessageReader(bounds, (bytes) => (passedOver += bytes));
        const bytes = Buffer.concat(messages.map(framed));
        const read: Buffer[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          read.push(...reader.write(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(read).toHaveLength(messages.length);
        let left = 0;
        messages.forEach(({ body, flag }, i) => {
          // grpc-js hands on what is behind the head.
          const message = read[i]?.subarray(5) ?? Buffer.alloc(0);
          const code = codeOf({ body, flag });
          expect(refusalOf(message)?.code).toBe(code);
          expect(read[i]?.[0]).toBe(0);
          if (code === undefined) expect(message).toEqual(body);
          else expect(message).toEqual(body.subarray(0, 1100));
          left += body.length - message.length;
        });
        expect(passedOver).toBe(left);
      }),
    );
  });

  it('keeps nothing of a message that is too long but its beginning', () => {
    const reader = new MessageReader(bounds, () => undefined);
    const [first] = reader.write(Buffer.concat([Buffer.from([0, 255, 255, 255, 255]), Buffer.alloc(5000)]));
    expect(first).toHaveLength(5 + 1100);
    for (let i = 0; i < 100; i++) expect(reader.write(Buffer.alloc(64_000))).toEqual([]);
  });
});
