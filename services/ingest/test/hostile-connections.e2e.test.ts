import http2 from 'node:http2';
import { gzipSync } from 'node:zlib';
import { createIngestClient } from '@everflame/contract/grpc';
import { waitFor, pprofOfCollapsed } from '@everflame/testkit';
import type { ServiceError } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { outcomeOf, RawSocket } from './support/raw-socket.ts';
import { startTestIngest, type TestIngest } from './support/test-ingest.ts';

const ATTACKER = '127.0.0.2';
const OTHER_ATTACKER = '127.0.0.3';
const profile = gzipSync(pprofOfCollapsed({ stacks: ['main;work 30', 'main;work;alloc 12'] }));
const POST =
  'POST /api/v1/profiles?service_name=shop HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n' +
  `Content-Length: ${profile.length}\r\n\r\n`;
const HTTP2_PREFACE = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);
/** Connections that are opened at once. */
const BATCH = 50;
const PUSH = {
  ':method': 'POST',
  ':path': '/everflame.ingest.v1.IngestService/Push',
  te: 'trailers',
  'content-type': 'application/grpc',
};

describe('connections that keep places from others', () => {
  const services: TestIngest[] = [];
  const sockets: RawSocket[] = [];

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const service of services.splice(0)) await service.close();
  });

  async function start(env: Readonly<Record<string, string>> = {}): Promise<TestIngest> {
    const service = await startTestIngest(env);
    services.push(service);
    return service;
  }
  /** Opens so many from an address, each with the bytes that it begins with. */
  async function openMany(
    port: number,
    count: number,
    address: string,
    bytes: string | Uint8Array = '',
  ): Promise<readonly RawSocket[]> {
    const opened: RawSocket[] = [];
    while (opened.length < count) {
      const batch = Array.from({ length: Math.min(BATCH, count - opened.length) }, () =>
        RawSocket.open(port, address),
      );
      opened.push(...(await Promise.all(batch)));
    }
    if (bytes.length > 0) for (const socket of opened) socket.send(bytes);
    sockets.push(...opened);
    return opened;
  }
  const openOf = (opened: readonly RawSocket[]): number =>
    opened.filter(({ socket }) => !socket.destroyed).length;
  const untilOpen = (opened: readonly RawSocket[], count: number): Promise<unknown> =>
    waitFor(() => openOf(opened) === count, { what: `${count} connections to be left` });
  const postFrom = async (service: TestIngest, address: string): Promise<readonly [number, string]> => {
    const socket = await RawSocket.open(service.httpPort, address);
    return outcomeOf(await socket.send(POST).send(profile).untilClosed());
  };
  const push = ({ grpcPort }: TestIngest): Promise<ServiceError | null> => {
    const client = createIngestClient(`127.0.0.1:${grpcPort}`, { 'grpc.use_local_subchannel_pool': 1 });
    const request = { id: '1', labels: [{ name: 'service_name', value: 'shop' }], pprof: profile };
    return new Promise((resolve) =>
      client.Push(request, (error) => {
        client.close();
        resolve(error);
      }),
    );
  };

  it('do not fill the HTTP door with 3,000 of one address, idle or with half a request', async () => {
    const service = await start();
    const idle = await openMany(service.httpPort, 1500, ATTACKER);
    const half = await openMany(service.httpPort, 1500, ATTACKER, POST.slice(0, 60));
    expect(await postFrom(service, '127.0.0.1')).toEqual([201, '']);
    await untilOpen([...idle, ...half], 512);
    expect(openOf(idle)).toBe(0);
    const reason = 'limit_connections_per_address';
    expect(await service.metric('everflame_ingest_closed_connections_total', reason)).toBe(3000 - 512);
  });

  it('do not fill the gRPC door with 3,000 of one address, whether they speak HTTP/2 or nothing', async () => {
    const service = await start();
    const idle = await openMany(service.grpcPort, 1500, ATTACKER);
    const speaking = await openMany(service.grpcPort, 1500, ATTACKER, HTTP2_PREFACE);
    expect(await push(service)).toBeNull();
    await untilOpen([...idle, ...speaking], 512);
  });

  it('of several addresses leave room for another one', async () => {
    const service = await start({
      INGEST_LIMIT_CONNECTIONS: '40',
      INGEST_LIMIT_CONNECTIONS_PER_ADDRESS: '30',
    });
    for (const port of [service.httpPort, service.grpcPort]) {
      const first = await openMany(port, 30, ATTACKER);
      const second = await openMany(port, 30, OTHER_ATTACKER);
      await untilOpen([...first, ...second], 40);
      expect(Math.abs(openOf(first) - openOf(second))).toBeLessThanOrEqual(1);
    }
    expect(await postFrom(service, '127.0.0.1')).toEqual([201, '']);
    expect(await push(service)).toBeNull();
  });

  it('with a request each are not closed for one more, which is told why', async () => {
    const service = await start({ INGEST_LIMIT_CONNECTIONS_PER_ADDRESS: '5' });
    const asking = POST.replace('Connection', 'Expect: 100-continue\r\nConnection');
    const working = await openMany(service.httpPort, 5, ATTACKER, asking);
    await waitFor(() => working.every(({ received }) => received.includes(' 100 ')), {
      what: 'the requests to be under way',
    });
    expect(await postFrom(service, ATTACKER)).toEqual([429, 'limit_connections_per_address']);
    expect(await postFrom(service, '127.0.0.1')).toEqual([201, '']);
    for (const socket of working) socket.send(profile);
    const answers = await Promise.all(working.map((socket) => socket.untilClosed()));
    expect(answers.filter((answer) => answer.includes(' 201 '))).toHaveLength(5);
    expect(await postFrom(service, ATTACKER)).toEqual([201, '']);
  });

  it('with a call each are not closed for one more, whose calls are told why', async () => {
    const service = await start({ INGEST_LIMIT_CONNECTIONS: '3' });
    const sessions = Array.from({ length: 3 }, () => http2.connect(`http://127.0.0.1:${service.grpcPort}`));
    for (const session of sessions) {
      session.on('error', () => undefined);
      const stream = session.request(PUSH);
      stream.on('error', () => undefined);
      stream.write(Buffer.from([0, 0, 0, 1, 0]));
    }
    await waitFor(async () => (await push(service)) !== null, { what: 'all places to be taken' });
    const refused = await push(service);
    expect([refused?.code, refused?.details]).toEqual([
      8,
      'limit_connections: There are too many connections.',
    ]);
    expect(refused?.metadata.get('everflame-code')).toEqual(['limit_connections']);
    expect(refused?.metadata.get('everflame-retry-after-ms')).toEqual(['1000']);
    expect(sessions.filter(({ destroyed }) => destroyed)).toEqual([]);
    for (const session of sessions) session.destroy();
    await waitFor(async () => (await push(service)) === null, { what: 'room for others' });
  });
});
