import http2 from 'node:http2';
import { gzipSync } from 'node:zlib';
import {
  createIngestClient,
  type IngestServiceClient,
  type PushRequest,
  type PushResponse__Output,
} from '@everflame/contract/grpc';
import { FaultProxy, waitFor, pprofOfCollapsed } from '@everflame/testkit';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { RawSocket } from './support/raw-socket.ts';
import { startTestIngest, type TestIngest } from './support/test-ingest.ts';

type PushStream = ClientDuplexStream<PushRequest, PushResponse__Output>;

const MIB = 2 ** 20;
const profile = gzipSync(pprofOfCollapsed({ stacks: ['main;work 30', 'main;work;alloc 12'] }));
const labelled = (labels: Record<string, string>): Uint8Array<ArrayBuffer> =>
  gzipSync(pprofOfCollapsed({ stacks: ['main 1'], labels }));
const request = (id: string, pprof = profile): PushRequest => ({
  id,
  labels: [{ name: 'service_name', value: 'shop' }],
  pprof,
});

/** The headers of a call. */
const callOf = (method: string): http2.OutgoingHttpHeaders => ({
  ':method': 'POST',
  ':path': `/everflame.ingest.v1.IngestService/${method}`,
  te: 'trailers',
  'content-type': 'application/grpc',
});
/** A message with the head that gRPC puts before it. */
const framed = (message: Buffer, flag = 0): Buffer => {
  const head = Buffer.from([flag, 0, 0, 0, 0]);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

describe('clients that do harm', () => {
  const services: TestIngest[] = [];
  const clients: IngestServiceClient[] = [];
  const sockets: RawSocket[] = [];

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const client of clients.splice(0)) client.close();
    for (const service of services.splice(0)) await service.close();
  });

  async function start(env: Readonly<Record<string, string>> = {}): Promise<TestIngest> {
    const service = await startTestIngest(env);
    services.push(service);
    return service;
  }
  function clientOf({ grpcPort }: TestIngest): IngestServiceClient {
    const client = createIngestClient(`127.0.0.1:${grpcPort}`);
    clients.push(client);
    return client;
  }
  async function openMany(port: number, count: number): Promise<readonly RawSocket[]> {
    const opened: RawSocket[] = [];
    for (let i = 0; i < count; i++) opened.push(await RawSocket.open(port));
    sockets.push(...opened);
    return opened;
  }
  const push = (client: IngestServiceClient, id = '1'): Promise<PushResponse__Output> =>
    new Promise((resolve, reject) => {
      client.Push(request(id), (error, response) =>
        response === undefined ? reject(error) : resolve(response),
      );
    });
  const postTo = async (
    { url }: TestIngest,
    { query = '', body = profile }: { query?: string; body?: Uint8Array<ArrayBuffer> } = {},
  ): Promise<readonly [status: number, body: string, retryAfter: string | null]> => {
    const path = `${url}/api/v1/profiles?service_name=shop${query}`;
    const response = await fetch(path, { method: 'POST', body });
    return [response.status, await response.text(), response.headers.get('retry-after')];
  };
  const expectServing = async (service: TestIngest): Promise<void> => {
    expect((await postTo(service))[0]).toBe(201);
    expect(await push(clientOf(service))).toMatchObject({ error: null });
  };
  const openStreams = (service: TestIngest, count: number): Promise<unknown> =>
    waitFor(async () => (await service.metric('everflame_ingest_open_streams')) === count, {
      what: `${count} streams to be open`,
    });
  const endOf = (stream: PushStream): Promise<ServiceError | undefined> =>
    new Promise((resolve) => {
      stream.on('data', () => undefined);
      stream.once('error', (error) => resolve(error as ServiceError));
      stream.once('end', () => resolve(undefined));
    });

  it('have no more streams than they may, however a stream ends', async () => {
    const service = await start({ INGEST_LIMIT_STREAMS: '3' });
    const client = clientOf(service);
    const streams = [client.PushStream(), client.PushStream(), client.PushStream()];
    const ends = streams.map(endOf);
    for (const stream of streams) stream.write(request('1'));
    await openStreams(service, 3);
    const refused = await endOf(client.PushStream());
    expect([refused?.code, refused?.details]).toEqual([
      8,
      expect.stringMatching(/^limit_streams: .*3 per client/),
    ]);
    expect(refused?.metadata.get('everflame-retry-after-ms')).toEqual(['5000']);
    expect(await service.metric('everflame_ingest_profiles_total', 'outcome="limit_streams"')).toBe(1);
    streams[0]?.end();
    expect(await ends[0]).toBeUndefined();
    await openStreams(service, 2);
    streams[1]?.cancel();
    await openStreams(service, 1);
    client.close();
    await openStreams(service, 1);
    streams[2]?.cancel();
    await openStreams(service, 0);
    await expectServing(service);
  });

  it('have their streams counted down when their connection breaks', async () => {
    const service = await start();
    const client = clientOf(service);
    const stream = client.PushStream();
    const end = endOf(stream);
    stream.write(request('1'));
    await openStreams(service, 1);
    client.getChannel().close();
    stream.cancel();
    await end;
    await openStreams(service, 0);
  });

  it('have no more connections than there may be at each door', async () => {
    const service = await start({ INGEST_LIMIT_CONNECTIONS: '20' });
    for (const [door, port] of [
      ['grpc', service.grpcPort],
      ['http', service.httpPort],
    ] as const) {
      const opened = await openMany(port, 30);
      // The connections over the limit are closed by the other end.
      await waitFor(() => Promise.resolve(opened.filter(({ socket }) => socket.destroyed).length >= 10), {
        what: `connections of ${door} to be closed`,
      });
      const open = opened.filter(({ socket }) => !socket.destroyed);
      expect(open).toHaveLength(20);
      for (const socket of open) socket.destroy();
      await waitFor(
        () =>
          push(clientOf(service)).then(
            () => true,
            () => false,
          ),
        { what: 'room for others' },
      );
    }
    expect(await service.metric('everflame_ingest_closed_connections_total', 'transport="grpc"')).toBe(10);
    expect(
      await service.metric('everflame_ingest_closed_connections_total', 'transport="http"'),
    ).toBeGreaterThanOrEqual(10);
    await expectServing(service);
  });

  it('a thousand of them that say nothing or half of something take little memory and nobody’s turn', async () => {
    const service = await start();
    const before = process.memoryUsage().rss;
    const half = `POST /api/v1/profiles?service_name=shop HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n`;
    const http = await openMany(service.httpPort, 500);
    http.slice(250).forEach((socket) => socket.send(half).send(profile));
    const grpc = await openMany(service.grpcPort, 500);
    grpc.slice(250).forEach((socket) => socket.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));
    await expectServing(service);
    expect([...http, ...grpc].filter(({ socket }) => socket.destroyed)).toEqual([]);
    expect((process.memoryUsage().rss - before) / MIB).toBeLessThan(400);
  });

  it('that begin large messages and never end them lose their connections, and nobody else does', async () => {
    const service = await start({ INGEST_LIMIT_RECEIVING_BYTES: String(4 * MIB) });
    const idle = await openMany(service.httpPort, 20);
    const half = `POST /api/v1/profiles?service_name=shop HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n\r\n`;
    const greedy = await openMany(service.httpPort, 10);
    for (const socket of greedy) socket.send(half).send(Buffer.alloc(MIB));
    const bystander = clientOf(service).PushStream();
    const end = endOf(bystander);
    bystander.write(request('1'));
    await waitFor(() => Promise.resolve(greedy.filter(({ socket }) => socket.destroyed).length >= 6), {
      what: 'greedy clients to be disconnected',
    });
    await waitFor(async () => (await service.metric('everflame_ingest_receiving_bytes')) <= 4 * MIB, {
      what: 'few bytes to be unfinished',
    });
    expect(idle.filter(({ socket }) => socket.destroyed)).toEqual([]);
    expect(
      await service.metric('everflame_ingest_closed_connections_total', 'limit_receiving_bytes'),
    ).toBeGreaterThanOrEqual(6);
    bystander.end();
    expect(await end).toBeUndefined();
    await expectServing(service);
  });

  it('that begin large gRPC messages and never end them lose their connections', async () => {
    const service = await start({ INGEST_LIMIT_RECEIVING_BYTES: String(4 * MIB) });
    const session = http2.connect(`http://127.0.0.1:${service.grpcPort}`);
    session.on('error', () => undefined);
    const isClosed = new Promise<boolean>((resolve) => session.once('close', () => resolve(true)));
    for (let i = 0; i < 8; i++) {
      const stream = session.request(callOf('Push'));
      stream.on('error', () => undefined);
      // A message with a profile of 16 MiB, as its head says, of which there is 1 MiB.
      stream.write(Buffer.from([0, 1, 0, 0, 0, 0x22, 0xfb, 0xff, 0xff, 0x07]));
      stream.write(Buffer.alloc(MIB));
    }
    expect(await isClosed).toBe(true);
    expect(await service.metric('everflame_ingest_closed_connections_total', 'limit_receiving_bytes')).toBe(
      1,
    );
    await expectServing(service);
  });

  it('that send many messages are not taken for those that never end one', async () => {
    const service = await start({ INGEST_LIMIT_RECEIVING_BYTES: '20000' });
    const client = clientOf(service);
    const stream = client.PushStream();
    const end = endOf(stream);
    let answers = 0;
    stream.on('data', () => (answers += 1));
    // A few at a time, so that never more than the limit are on their way.
    for (let sent = 0; sent < 500; sent += 10) {
      for (let i = 0; i < 10; i++) stream.write(request(String(sent + i)));
      await waitFor(() => answers === sent + 10, { what: 'answers to what was sent', intervalMs: 2 });
    }
    stream.end();
    expect(await end).toBeUndefined();
    for (let i = 0; i < 200; i++) await push(client, String(i));
    for (let i = 0; i < 200; i++) await postTo(service);
    expect(await service.metric('everflame_ingest_receiving_bytes')).toBeLessThan(20_000);
    expect(await service.metric('everflame_ingest_closed_connections_total')).toBe(0);
  });

  it('that never read their acknowledgements are not read on, and others are served', async () => {
    const service = await start();
    const session = http2.connect(`http://127.0.0.1:${service.grpcPort}`);
    const deaf = session.request(callOf('PushStream'));
    deaf.pause();
    const sent = 10_000;
    // The id comes back with every answer.
    const refused = framed(Buffer.concat([Buffer.from([0x0a, 0xe8, 0x07]), Buffer.alloc(1000, 'x')]));
    deaf.write(Buffer.concat(Array.from({ length: sent }, () => refused)));
    let taken = 0;
    await waitFor(
      async () => {
        const before = taken;
        taken = await service.metric('everflame_ingest_profiles_total', 'transport="grpc"');
        return taken > 0 && taken === before;
      },
      { what: 'the stream to be left unread' },
    );
    await expectServing(service);
    expect(await service.metric('everflame_ingest_profiles_total', 'transport="grpc"')).toBeLessThan(
      sent / 2,
    );
    expect(await service.metric('everflame_ingest_pending_bytes')).toBe(0);
    session.destroy();
    await openStreams(service, 0);
  });

  it('whose connection is dead without saying so keep nobody else from being served', async () => {
    const service = await start();
    const proxy = await FaultProxy.start(service.grpcPort);
    const client = createIngestClient(`127.0.0.1:${proxy.port}`);
    clients.push(client);
    const stream = client.PushStream();
    const end = endOf(stream);
    stream.write(request('1'));
    await openStreams(service, 1);
    await proxy.setMode({ kind: 'blackhole' });
    for (let i = 0; i < 10; i++) stream.write(request('2'));
    await expectServing(service);
    await proxy.close();
    expect((await end)?.code).toBe(14);
    await openStreams(service, 0);
  });

  it('that send too fast are told when to come back, at every door', async () => {
    const burst = 3 * profile.length;
    const service = await start({ INGEST_LIMIT_RATE_BYTES: '1', INGEST_LIMIT_BURST_BYTES: String(burst) });
    for (let i = 0; i < 3; i++) expect((await postTo(service))[0]).toBe(201);
    const [status, body, retryAfter] = await postTo(service);
    expect([status, body]).toEqual([429, expect.stringContaining('"limit_rate_bytes"')]);
    expect(Number(retryAfter)).toBeGreaterThan(profile.length / 2);
    const client = clientOf(service);
    const refused = await push(client).catch((error: ServiceError) => error);
    expect(refused).toMatchObject({ code: 8, details: expect.stringMatching(/^limit_rate_bytes: /) });
    const stream = client.PushStream();
    const answer = await new Promise<PushResponse__Output>((resolve) => {
      stream.once('data', resolve);
      stream.write(request('late'));
    });
    stream.end();
    expect(answer).toMatchObject({ id: 'late', error: { code: 'limit_rate_bytes', retryable: true } });
    expect(Number(answer.error?.retryAfterMs)).toBeGreaterThan(1000);
  });

  it('that make up series are refused new ones, and those that are known go on', async () => {
    const service = await start({ INGEST_LIMIT_SERIES: '2' });
    const outcomes: unknown[] = [];
    for (const pod of ['a', 'b', 'c', 'a']) {
      const [status, body] = await postTo(service, { query: `&pod=${pod}` });
      outcomes.push([status, body.includes('"limit_series"')]);
    }
    expect(outcomes).toEqual([
      [201, false],
      [201, false],
      [413, true],
      [201, false],
    ]);
  });

  it('that make up labels on samples have them summed and counted', async () => {
    const service = await start({ INGEST_LIMIT_SAMPLE_LABEL_SETS: '2' });
    for (const user of ['a', 'b', 'c', 'd', 'a']) {
      expect((await postTo(service, { body: labelled({ user }) }))[0]).toBe(201);
    }
    expect(await service.metric('everflame_ingest_folded_label_sets_total')).toBe(2);
  });

  it('that send stacks too deep have them cut and counted', async () => {
    const service = await start({ INGEST_LIMIT_DEPTH: '3' });
    const body = gzipSync(pprofOfCollapsed({ stacks: ['a;b;c;d 1', 'a;b;c;e 2', 'a;b;c 4'] }));
    expect(JSON.parse((await postTo(service, { body }))[1])).toMatchObject({
      accepted: [{ samples: 2, total: 7 }],
    });
    expect(await service.metric('everflame_ingest_cut_stacks_total')).toBe(1);
  });

  it('that send profiles over a limit are refused with it, its value and what was sent', async () => {
    const service = await start({
      INGEST_LIMIT_SAMPLES: '2',
      INGEST_LIMIT_COMPRESSED_BYTES: '1000',
      INGEST_LIMIT_DECOMPRESSED_BYTES: '5000',
      INGEST_LIMIT_LABELS: '2',
    });
    const client = clientOf(service);
    const messageOf = async (change: PushRequest): Promise<string> => {
      const sent = { ...request('1'), ...change };
      return new Promise((resolve) => client.Push(sent, (error) => resolve(error?.details ?? 'accepted')));
    };
    const samples = pprofOfCollapsed({ stacks: ['a 1', 'b 1', 'c 1'] });
    expect(await messageOf({ pprof: Buffer.from(samples) })).toBe(
      'limit_samples: samples is limited to 2; got 3.',
    );
    expect(await messageOf({ pprof: Buffer.alloc(1001) })).toBe(
      'limit_compressed_bytes: compressed_bytes is limited to 1000; got 1001.',
    );
    expect(await messageOf({ pprof: gzipSync(Buffer.alloc(6000)) })).toBe(
      'limit_decompressed_bytes: decompressed_bytes is limited to 5000; got 6000.',
    );
    const labels = ['service_name', 'a', 'b'].map((name) => ({ name, value: 'x' }));
    expect(await messageOf({ labels })).toBe('limit_labels: labels is limited to 2; got at least 3.');
    expect(await messageOf({})).toBe('accepted');
  });
});
