import { gzipSync } from 'node:zlib';
import { createIngestClient } from '@everflame/contract/grpc';
import { pprofOfCollapsed } from '@everflame/testkit';
import type { ServiceError } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RawSocket } from './support/raw-socket.ts';
import { startTestIngest, type TestIngest } from './support/test-ingest.ts';

const MIB = 2 ** 20;
/** Those of others during an attack. */
const PUSHES = 5;
/** The test is in the same process, and has what it sends in memory. */
const MAX_GROWTH_MIB = 600;
const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, window: 8, continuation: 9 };
const END_HEADERS = 4;
const PREFACE = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(FRAME.settings)]);
const profile = gzipSync(pprofOfCollapsed({ stacks: ['main;work 30'] }));

/** The headers of a call of `PushStream`, without compression. */
const CALL = Buffer.concat([
  Buffer.from([0x83, 0x86]),
  literal(0x01, 'ingest'),
  literal(0x04, '/everflame.ingest.v1.IngestService/PushStream'),
  literal(0x0f, 'application/grpc', 0x10),
]);

function frame(type: number, { flags = 0, stream = 0, payload = Buffer.alloc(0) } = {}): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function literal(name: number, value: string, ...more: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from([name, ...more, value.length]), Buffer.from(value)]);
}

/** So many frames, each of a stream of its own. */
function perStream(count: number, of: (stream: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => of(2 * i + 1)));
}

const open = (stream: number): Buffer => frame(FRAME.headers, { flags: END_HEADERS, stream, payload: CALL });
const begin = (stream: number): Buffer =>
  frame(FRAME.data, {
    stream,
    payload: Buffer.concat([Buffer.from([0, 0, 16, 0, 0]), Buffer.alloc(16_000)]),
  });
const hpackBomb = Buffer.concat([
  CALL,
  // A header of 4,000 bytes is put into the table, and then named 12,000 times.
  Buffer.from([0x40, 1, 0x61, 0x7f, 0xa1, 0x1e]),
  Buffer.alloc(4000, 'v'),
  Buffer.alloc(12_000, 0xbe),
]);

describe('the gRPC door under floods of HTTP/2', () => {
  let service: TestIngest;
  const sockets: RawSocket[] = [];

  beforeAll(async () => {
    service = await startTestIngest();
  });
  afterAll(() => service.close());
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  const push = (): Promise<ServiceError | null> => {
    const client = createIngestClient(`127.0.0.1:${service.grpcPort}`, {
      'grpc.use_local_subchannel_pool': 1,
    });
    const request = { id: '1', labels: [{ name: 'service_name', value: 'shop' }], pprof: profile };
    return new Promise((resolve) =>
      client.Push(request, (error) => {
        client.close();
        resolve(error);
      }),
    );
  };

  it.each<[string, Buffer]>([
    [
      'pings whose answers are not read',
      Buffer.alloc(17 * 200_000, frame(FRAME.ping, { payload: Buffer.alloc(8) })),
    ],
    ['settings whose answers are not read', Buffer.alloc(9 * 200_000, frame(FRAME.settings))],
    [
      'streams that are opened and reset',
      perStream(50_000, (stream) =>
        Buffer.concat([open(stream), frame(FRAME.reset, { stream, payload: Buffer.from([0, 0, 0, 8]) })]),
      ),
    ],
    [
      'headers that never end',
      Buffer.concat([
        frame(FRAME.headers, { stream: 1, payload: CALL }),
        Buffer.alloc(
          1009 * 50_000,
          frame(FRAME.continuation, { stream: 1, payload: Buffer.alloc(1000, 0x82) }),
        ),
      ]),
    ],
    [
      'headers that are small and become large',
      perStream(200, (stream) => frame(FRAME.headers, { flags: END_HEADERS, stream, payload: hpackBomb })),
    ],
    ['more streams than there may be', perStream(20_000, open)],
    ['messages that are begun', perStream(2000, (stream) => Buffer.concat([open(stream), begin(stream)]))],
    [
      'frames of nothing',
      Buffer.concat([open(1), Buffer.alloc(9 * 500_000, frame(FRAME.data, { stream: 1 }))]),
    ],
  ])('keeps serving others and takes little memory: %s', async (_, bytes) => {
    const before = process.memoryUsage().rss;
    const attackers = await Promise.all(Array.from({ length: 4 }, () => RawSocket.open(service.grpcPort)));
    sockets.push(...attackers);
    for (const attacker of attackers) {
      attacker.socket.pause();
      attacker.send(PREFACE).send(bytes);
    }
    for (let i = 0; i < PUSHES; i++) expect(await push()).toBeNull();
    expect((process.memoryUsage().rss - before) / MIB).toBeLessThan(MAX_GROWTH_MIB);
    // Those of the attackers: a stream is open or it is refused, whatever it says.
    expect(await service.metric('everflame_ingest_open_streams')).toBeLessThanOrEqual(64);
  });
});
