import { connect, constants, type Settings } from 'node:http2';
import {
  createIngestClient,
  type IngestServiceClient,
  type PushResponse__Output,
} from '@everflame/contract/grpc';
import { type RunningService, systemClock } from '@everflame/service-kit';
import { freePort, waitFor, quietLogger } from '@everflame/testkit';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngestMetrics } from '../src/adapters/metrics.ts';
import { ProfileReceiver } from '../src/application/receive-profile.ts';
import { readConfig } from '../src/config.ts';
import { startTransports } from '../src/push/start-transports.ts';
import { NoFlattening, NoSink } from './support/no-storage.ts';

const MIB = 1 << 20;
const LABELS = [{ name: 'service_name', value: 'shop' }];

describe('the transport over gRPC', () => {
  let service: RunningService;
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    const config = readConfig({
      INGEST_HTTP_PORT: '0',
      INGEST_GRPC_PORT: String(port),
      INGEST_LIMIT_RATE_BYTES: String(2 ** 40),
      INGEST_LIMIT_BURST_BYTES: String(2 ** 40),
    });
    const metrics = new IngestMetrics();
    const receiver = new ProfileReceiver({
      flattening: new NoFlattening(),
      sink: new NoSink(),
      limits: config.limits,
      clock: systemClock,
      observer: metrics,
    });
    service = await startTransports(config, quietLogger(), {
      receiver,
      metrics,
      readinessChecks: [],
      onClose: () => Promise.resolve(),
    });
  });
  afterAll(() => service.close());

  it('lets a client send 4 MiB on a stream and 16 MiB on a connection before they are read', async () => {
    const session = connect(`http://127.0.0.1:${port}`);
    const settings = await new Promise<Settings>((resolve) => session.once('remoteSettings', resolve));
    expect(settings.initialWindowSize).toBe(4 * MIB);
    await waitFor(() => (session.state.remoteWindowSize ?? 0) >= 16 * MIB, {
      what: 'the window of the connection',
    });
    session.destroy();
  });

  it('takes large messages on many connections at once', async () => {
    const clients: IngestServiceClient[] = [];
    const sendAll = (connection: number): Promise<number> => {
      const client = createIngestClient(`127.0.0.1:${port}`, { 'grpc.use_local_subchannel_pool': 1 });
      clients.push(client);
      const stream = client.PushStream();
      const pprof = Buffer.alloc(MIB, connection);
      let total = 0;
      return new Promise((resolve, reject) => {
        stream.on('data', ({ accepted }: PushResponse__Output) => (total += Number(accepted[0]?.total)));
        stream.on('error', reject);
        stream.on('end', () => resolve(total));
        for (let i = 0; i < 8; i++) stream.write({ id: String(i), labels: LABELS, pprof });
        stream.end();
      });
    };
    const totals = await Promise.all(Array.from({ length: 20 }, (_, i) => sendAll(i)));
    expect(new Set(totals)).toEqual(new Set([8 * MIB]));
    for (const client of clients) client.close();
  });

  it('refuses a message that is no PushRequest alone, and goes on with the stream', async () => {
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const stream = client.makeBidiStreamRequest(
      '/everflame.ingest.v1.IngestService/PushStream',
      (message: Buffer) => message,
      (message: Buffer) => message.toString('latin1'),
    );
    const answers: string[] = [];
    const ended = new Promise((resolve, reject) => {
      stream.on('data', (text: string) => answers.push(text));
      stream.on('end', resolve);
      stream.on('error', reject);
    });
    stream.write(Buffer.from([0x0a, 1, 0x61, 0x22, 200]));
    stream.write(Buffer.from('not a message at all'));
    stream.write(Buffer.from([0x0a, 1, 0x62, 0x12, 14, 0x0a, 12, ...Buffer.from('service_name')]));
    stream.end();
    await ended;
    expect(answers.map((text) => /malformed_request|invalid_label/.exec(text)?.[0])).toEqual([
      'malformed_request',
      'malformed_request',
      'invalid_label',
    ]);
    client.close();
  });

  it('closes a stream of HTTP/2 that is no gRPC without ending others', async () => {
    const session = connect(`http://127.0.0.1:${port}`);
    const request = session.request({
      [constants.HTTP2_HEADER_PATH]: '/',
      [constants.HTTP2_HEADER_METHOD]: 'GET',
    });
    const status = await new Promise((resolve) =>
      request.once('response', (headers) => resolve(headers[':status'])),
    );
    expect(status).not.toBe(200);
    session.destroy();
  });
});
