import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  createIngestClient,
  type IngestServiceClient,
  type PushRequest,
  type PushResponse__Output,
} from '@everflame/contract/grpc';
import type { RunningService } from '@everflame/service-kit';
import { type ClickHouse, mergeStacks, openClickHouse } from '@everflame/storage';
import {
  FaultProxy,
  freePort,
  type FreshDatabase,
  freshDatabase,
  startTestClickHouse,
  type TestClickHouse,
  waitFor,
  pprofOfCollapsed,
  quietLogger,
} from '@everflame/testkit';
import type { ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { createIngest } from '../src/create-ingest.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const profile = gzipSync(pprofOfCollapsed({ stacks: ['main;work 30', 'main;work;alloc 12'] }));
const labels = (service: string): { name: string; value: string }[] => [
  { name: 'service_name', value: service },
];

describe('the ingest service', () => {
  let server: TestClickHouse;
  let database: FreshDatabase;
  let proxy: FaultProxy;
  let clickhouse: ClickHouse;
  let ingest: RunningService;
  let client: IngestServiceClient;
  let folder: string;

  beforeAll(async () => {
    server = await startTestClickHouse();
    database = await freshDatabase(server.url);
    proxy = await FaultProxy.start(Number(new URL(server.url).port));
    const grpcPort = await freePort();
    folder = await mkdtemp(join(tmpdir(), 'everflame-ingest-'));
    const config = readConfig({
      INGEST_HTTP_PORT: '0',
      INGEST_GRPC_PORT: String(grpcPort),
      CLICKHOUSE_URL: `http://127.0.0.1:${proxy.port}`,
      CLICKHOUSE_DATABASE: database.name,
      CLICKHOUSE_EMBEDDED: 'true',
      INGEST_SPOOL_DIR: folder,
      INGEST_SPOOL_SEGMENT_AGE_MS: '20',
    });
    ingest = await createIngest(config, quietLogger());
    client = createIngestClient(`127.0.0.1:${grpcPort}`);
    clickhouse = openClickHouse({ url: server.url, database: database.name, requestTimeoutMs: 30_000 });
  });
  afterAll(async () => {
    client.close();
    await ingest.close();
    await proxy.close();
    await clickhouse.close();
    await database.drop();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const push = (request: PushRequest): Promise<PushResponse__Output> =>
    new Promise((resolve, reject) => {
      client.Push(request, (error, response) => (response === undefined ? reject(error) : resolve(response)));
    });
  const stored = (service: string): ReturnType<typeof mergeStacks> =>
    mergeStacks(
      clickhouse,
      {
        tenant: 'default',
        profileTypeId: CPU,
        matchers: [{ name: 'service_name', op: '=', value: service }],
        fromMs: Date.now() - 600_000,
        toMs: Date.now() + 1000,
      },
      { aggregate: 'kind' },
    );
  /** What is stored of a service once all of its profiles are. */
  const storedAll = (service: string, profiles: number): ReturnType<typeof mergeStacks> =>
    waitFor(
      async () => {
        const merged = await stored(service);
        return merged.profiles >= profiles ? merged : undefined;
      },
      { what: `${profiles} profiles of ${service}` },
    );

  it('answers a unary push with what becomes queryable', async () => {
    const answer = await push({
      id: 'a',
      labels: labels('unary'),
      pprof: profile,
      timeUnixMs: Date.now() - 1000,
    });
    expect(answer).toMatchObject({
      id: 'a',
      error: null,
      accepted: [{ profileType: CPU, stacks: 2, total: '42' }],
    });
    expect(await storedAll('unary', 1)).toMatchObject({ profiles: 1, total: 42, kind: 'interval' });
  });

  it('refuses a unary push with a status that begins with the code', async () => {
    const refused = push({ id: 'b', labels: labels('unary'), pprof: Buffer.from('<!doctype html>') });
    const error = (await refused.catch((thrown: unknown) => thrown)) as ServiceError;
    expect(error.code).toBe(3);
    expect(error.details).toMatch(/^malformed_profile: /);
    expect(error.metadata.get('everflame-code')).toEqual(['malformed_profile']);
    expect(String(error.metadata.get('everflame-hint')[0])).not.toBe('');
  });

  it('answers every profile of a stream by its id, the bad ones with their reason', async () => {
    const answers = await new Promise<Map<string, PushResponse__Output>>((resolve, reject) => {
      const byId = new Map<string, PushResponse__Output>();
      const stream = client.PushStream();
      stream.on('data', (answer: PushResponse__Output) => byId.set(answer.id, answer));
      stream.on('error', reject);
      stream.on('end', () => resolve(byId));
      for (let i = 0; i < 200; i++) {
        const pprof = i % 10 === 3 ? profile.subarray(0, 25) : profile;
        stream.write({ id: String(i), labels: labels('stream'), pprof, timeUnixMs: Date.now() - 2000 + i });
      }
      stream.end();
    });
    expect(answers.size).toBe(200);
    const refused = [...answers.values()]
      .filter((answer) => answer.error !== null)
      .toSorted((left, right) => Number(left.id) - Number(right.id));
    expect(refused.map((answer) => answer.id)).toEqual(
      Array.from({ length: 20 }, (_, i) => String(i * 10 + 3)),
    );
    expect(new Set(refused.map((answer) => answer.error?.code))).toEqual(new Set(['malformed_profile']));
    expect(await storedAll('stream', 180)).toMatchObject({ profiles: 180, total: 180 * 42 });
  });

  it('stores the same push once, however often it is sent', async () => {
    const request = { id: 'same', labels: labels('repeated'), pprof: profile, timeUnixMs: Date.now() - 5000 };
    for (let i = 0; i < 3; i++) await push(request);
    await push({ ...request, labels: labels('after') });
    await storedAll('after', 1);
    expect(await stored('repeated')).toMatchObject({ profiles: 1, total: 42 });
  });

  it('keeps labels on samples as labels of the series, and sums them on request', async () => {
    const labelled = (endpoint: string, stacks: string[]): Buffer =>
      gzipSync(pprofOfCollapsed({ stacks, labels: { endpoint } }));
    const timeUnixMs = Date.now() - 4000;
    await push({
      id: '1',
      labels: labels('labelled'),
      pprof: labelled('/cart', ['main;work 5']),
      timeUnixMs,
    });
    await push({ id: '2', labels: labels('labelled'), pprof: labelled('/pay', ['main;work 7']), timeUnixMs });
    expect(await storedAll('labelled', 2)).toMatchObject({ series: 2, total: 12 });
  });

  it('takes a profile over HTTP, gzip or not, with labels from the address', async () => {
    const url = `${ingest.url}/api/v1/profiles?service_name=http&version=7&name=process_cpu`;
    const response = await fetch(url, { method: 'POST', body: profile });
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ accepted: [{ type: CPU, samples: 2, total: 42 }] });
    const plain = await fetch(url, { method: 'POST', body: pprofOfCollapsed({ stacks: ['main 1'] }) });
    expect(plain.status).toBe(201);
    expect(await storedAll('http', 2)).toMatchObject({ profiles: 2, total: 43 });
  });

  it('stores what is pushed with from and until in nanoseconds', async () => {
    const from = `${Date.now() - 20_000}123456`;
    const until = `${Date.now() - 10_000}654321`;
    const url = `${ingest.url}/api/v1/profiles?service_name=nanoseconds&from=${from}&until=${until}`;
    expect((await fetch(url, { method: 'POST', body: profile })).status).toBe(201);
    expect(await storedAll('nanoseconds', 1)).toMatchObject({ profiles: 1, total: 42 });
  });

  it('refuses a duration that cannot be stored, and stores the others of its service', async () => {
    const timeUnixMs = Date.now() - 1000;
    const request = { id: 'long', labels: labels('durations'), pprof: profile, timeUnixMs };
    const refused = push({ ...request, durationMs: 2 ** 32 });
    expect(await refused.catch((error: ServiceError) => error.details)).toMatch(/^value_out_of_range: /);
    await push({ ...request, durationMs: 2 ** 32 - 1 });
    expect(await storedAll('durations', 1)).toMatchObject({ profiles: 1, total: 42 });
  });

  it('refuses who only sends what ClickHouse refuses, after some of it, by name, and nobody else', async () => {
    const send = (service: string): Promise<Response> =>
      fetch(`${ingest.url}/api/v1/profiles?service_name=${service}`, { method: 'POST', body: profile });
    await clickhouse.command({
      text: `ALTER TABLE profiles ADD CONSTRAINT poison CHECK service != 'poisoned'`,
      params: {},
    });
    try {
      const refused = await waitFor(
        async () => {
          const response = await send('poisoned');
          return response.status === 201 ? undefined : response;
        },
        { what: 'the sender to be refused', intervalMs: 500, timeoutMs: 60_000 },
      );
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(500);
      const { error } = (await refused.json()) as { error: { code: string; message: string } };
      expect(error.code).toBe('poison_sender');
      expect(error.message).toContain('"poisoned"');
      expect((await send('healthy')).status).toBe(201);
      expect(await storedAll('healthy', 1)).toMatchObject({ profiles: 1, total: 42 });
      expect(await (await fetch(`${ingest.url}/readyz`)).json()).toMatchObject({
        status: 'ready',
        checks: {
          quarantine: expect.stringMatching(/^ok, but \d+ of 268435456 bytes are set aside/) as string,
        },
      });
    } finally {
      await clickhouse.command({ text: 'ALTER TABLE profiles DROP CONSTRAINT poison', params: {} });
    }
  }, 120_000);

  it.each([
    ['no service_name', '', profile, 400, 'invalid_label'],
    ['an empty body', 'service_name=x', Buffer.alloc(0), 400, 'malformed_profile'],
    [
      'a text profile',
      'service_name=x',
      Buffer.from('heap profile: 1: 2 [3: 4] @ heap/1048576'),
      400,
      'malformed_profile',
    ],
    [
      'a gzip bomb',
      'service_name=x',
      gzipSync(Buffer.alloc(80 * 1024 * 1024)),
      413,
      'limit_decompressed_bytes',
    ],
    ['too many bytes', 'service_name=x', Buffer.alloc(17 * 1024 * 1024), 413, 'limit_request_bytes'],
    [
      'too many labels',
      `service_name=x&${Array.from({ length: 31 }, (_, i) => `l${i}=1`).join('&')}`,
      profile,
      413,
      'limit_labels',
    ],
  ])('refuses %s over HTTP with its code', async (_, query, body, status, code) => {
    const response = await fetch(`${ingest.url}/api/v1/profiles?${query}`, { method: 'POST', body });
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      status,
      code,
    ]);
  });

  it('acknowledges while ClickHouse is away, says so, and stores it all when it is back', async () => {
    await proxy.setMode({ kind: 'refuse' });
    const pushed = { id: 'late', labels: labels('outage'), pprof: profile, timeUnixMs: Date.now() - 1000 };
    expect(await push(pushed)).toMatchObject({ error: null });
    const ready = await fetch(`${ingest.url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({
      status: 'ready',
      checks: { clickhouse: 'is away; pushes are taken into the spool' },
    });
    await proxy.setMode({ kind: 'pass' });
    expect(await storedAll('outage', 1)).toMatchObject({ profiles: 1, total: 42 });
    await waitFor(
      async () => (await (await fetch(`${ingest.url}/readyz`)).text()).includes('"clickhouse":"ok"'),
      {
        what: 'ClickHouse to be back',
      },
    );
  });
});
