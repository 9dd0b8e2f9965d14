import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import { describe, expect, it } from 'vitest';
import { sendChunks } from '../src/adapters/http/replies.ts';

/** A reply that keeps what it should send and reads none of it. */
function unreadReply(): { reply: FastifyReply; sent: () => Readable } {
  let sent: Readable | undefined;
  const reply = {
    request: { headers: {} },
    type: () => reply,
    header: () => reply,
    send: (stream: Readable) => {
      sent = stream;
    },
  };
  return { reply: reply as unknown as FastifyReply, sent: () => sent as Readable };
}

/** Counts what is made of an answer of 1,000 pieces. */
class Pieces {
  made = 0;
  isClosed = false;

  *[Symbol.iterator](): Generator<string> {
    try {
      for (; this.made < 1000; this.made++) yield randomBytes(49_152).toString('base64');
    } finally {
      this.isClosed = true;
    }
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await setImmediate();
}

describe('sendChunks', () => {
  it.each(['collapsed', 'pprof'] as const)(
    'makes pieces of %s only as they are taken, and no more when nobody takes them',
    async (format) => {
      const pieces = new Pieces();
      const { reply, sent } = unreadReply();
      await sendChunks(reply, pieces, format);
      await settled();
      const stream = sent();
      stream.once('readable', () => stream.read());
      await settled();
      expect(pieces.made).toBeLessThan(10);
      stream.on('error', () => undefined);
      stream.destroy();
      await settled();
      expect(pieces.isClosed).toBe(true);
    },
  );

  it('sends all of them', async () => {
    const { reply, sent } = unreadReply();
    await sendChunks(reply, ['ab', Buffer.from('cd')], 'pprof');
    expect(gunzipSync(Buffer.concat(await sent().toArray())).toString()).toBe('abcd');
  });
});
