import http2 from 'node:http2';
import { gzipSync } from 'node:zlib';
import {
  createIngestClient,
  type IngestServiceClient,
  type PushRequest,
  type PushResponse__Output,
} from '@everflame/contract/grpc';
import { pprofOfCollapsed } from '@everflame/testkit';
import type { ServiceError } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestIngest, type TestIngest } from './support/test-ingest.ts';

const MIB = 2 ** 20;
const profile = gzipSync(pprofOfCollapsed({ stacks: ['main;work 30', 'main;work;alloc 12'] }));
const request = (id: string, pprof: Uint8Array = profile): PushRequest => ({
  id,
  labels: [{ name: 'service_name', value: 'shop' }],
  pprof: Buffer.from(pprof),
});

interface Refusal {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly hint: string | undefined;
  readonly details: string;
}

describe('messages over gRPC that nobody can want to take', () => {
  let service: TestIngest;
  const clients: IngestServiceClient[] = [];

  beforeAll(async () => {
    service = await startTestIngest({ INGEST_LIMIT_COMPRESSED_BYTES: String(MIB) });
  });
  afterAll(() => service.close());
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  const newClient = (options = {}): IngestServiceClient => {
    const client = createIngestClient(`127.0.0.1:${service.grpcPort}`, {
      'grpc.use_local_subchannel_pool': 1,
      ...options,
    });
    clients.push(client);
    return client;
  };
  const refusalOf = (error: ServiceError | null): Refusal => ({
    status: error?.code,
    code: error?.metadata.get('everflame-code').map(String)[0],
    hint: error?.metadata.get('everflame-hint').map(String)[0],
    details: error?.details ?? 'accepted',
  });
  const push = (client: IngestServiceClient, sent: PushRequest): Promise<Refusal> =>
    new Promise((resolve) => client.Push(sent, (error) => resolve(refusalOf(error))));
  const outcomes = (code: string): Promise<number> =>
    service.metric('everflame_ingest_profiles_total', `outcome="${code}"`);

  it('are refused with a code, a hint and the limit when they are too long', async () => {
    const before = await outcomes('limit_request_bytes');
    expect(await push(newClient(), request('1', Buffer.alloc(2 * MIB)))).toEqual({
      status: 3,
      code: 'limit_request_bytes',
      hint: expect.stringMatching(/shorter time/),
      details: expect.stringMatching(
        /^limit_request_bytes: request_bytes is limited to 1\d{6}; got 2\d{6}\./,
      ),
    });
    expect(await outcomes('limit_request_bytes')).toBe(before + 1);
  });

  it('are refused alone on their stream, by id, when they are too long', async () => {
    const stream = newClient().PushStream();
    const answers = new Map<string, string>();
    const end = new Promise((resolve, reject) => {
      stream.on('data', ({ id, error }: PushResponse__Output) => answers.set(id, error?.code ?? 'accepted'));
      stream.on('error', reject);
      stream.on('end', resolve);
    });
    for (let i = 0; i < 9; i++) stream.write(request(`${i}`, i % 3 === 1 ? Buffer.alloc(9 * MIB) : profile));
    stream.end();
    await end;
    const expected = Array.from({ length: 9 }, (_, i) => [
      `${i}`,
      i % 3 === 1 ? 'limit_request_bytes' : 'accepted',
    ]);
    expect(Object.fromEntries(answers)).toEqual(Object.fromEntries(expected));
  });

  it('are answered as soon as their head says how long they are', async () => {
    const session = http2.connect(`http://127.0.0.1:${service.grpcPort}`);
    const answers = Array.from({ length: 50 }, async () => {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/everflame.ingest.v1.IngestService/PushStream',
        te: 'trailers',
        'content-type': 'application/grpc',
      });
      stream.on('error', () => undefined);
      // 4 GiB less a byte, of which the first 64 kB come.
      stream.write(Buffer.from([0, 255, 255, 255, 255]));
      stream.write(Buffer.alloc(64_000));
      const answer = await new Promise<Buffer>((resolve) => stream.once('data', resolve));
      return /[a-z_]{9,}/.exec(answer.toString('latin1'))?.[0];
    });
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['limit_request_bytes']));
    session.destroy();
  });

  it('do not count as begun and never ended, however many are refused', async () => {
    const own = await startTestIngest({
      INGEST_LIMIT_COMPRESSED_BYTES: String(MIB),
      INGEST_LIMIT_RECEIVING_BYTES: String(8 * MIB),
    });
    const client = createIngestClient(`127.0.0.1:${own.grpcPort}`);
    for (let i = 0; i < 10; i++) {
      expect(await push(client, request('1', Buffer.alloc(3 * MIB)))).toMatchObject({ status: 3 });
    }
    const stream = client.PushStream();
    let refused = 0;
    const end = new Promise((resolve, reject) => {
      stream.on('data', () => refused++);
      stream.on('error', reject);
      stream.on('end', resolve);
    });
    for (let i = 0; i < 10; i++) stream.write(request('1', Buffer.alloc(3 * MIB)));
    stream.end();
    await end;
    expect(refused).toBe(10);
    expect(await own.metric('everflame_ingest_closed_connections_total')).toBe(0);
    client.close();
    await own.close();
  });

  it('are refused with a code when they are compressed, before they are inflated', async () => {
    const gzip = newClient({ 'grpc.default_compression_algorithm': 2 });
    const expected = {
      status: 12,
      code: 'unsupported_encoding',
      hint: expect.stringMatching(/without grpc-encoding/),
      details: expect.stringMatching(/^unsupported_encoding: /),
    };
    expect(await push(gzip, request('1', Buffer.alloc(50 * MIB)))).toEqual(expected);
    const stream = gzip.PushStream();
    const end = new Promise<Refusal>((resolve) =>
      stream.once('error', (error) => resolve(refusalOf(error as ServiceError))),
    );
    stream.on('data', () => undefined);
    stream.write(request('1'));
    expect(await end).toEqual(expected);
    expect(await push(newClient(), request('1'))).toMatchObject({ details: 'accepted' });
  });

  it('are refused alone when they have tens of thousands of labels', async () => {
    const labels = Array.from({ length: 50_000 }, (_, i) => ({ name: `n${i}`, value: '' }));
    const stream = newClient().PushStream();
    const answers = new Map<string, string | undefined>();
    const end = new Promise((resolve, reject) => {
      stream.on('data', ({ id, error }: PushResponse__Output) => answers.set(id, error?.code));
      stream.on('error', reject);
      stream.on('end', resolve);
    });
    stream.write({ ...request('many'), labels });
    stream.write(request('one'));
    stream.end();
    await end;
    expect(Object.fromEntries(answers)).toEqual({ many: 'limit_labels', one: undefined });
  });
});
