import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createIngestClient, type PushResponse__Output } from '@everflame/contract/grpc';
import type { RunningService } from '@everflame/service-kit';
import { type ClickHouse, mergeStacks, openClickHouse } from '@everflame/storage';
import {
  freePort,
  type FreshDatabase,
  freshDatabase,
  startTestClickHouse,
  type TestClickHouse,
  waitFor,
  pprofOfCollapsed,
  quietLogger,
} from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { createIngest } from '../src/create-ingest.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
/** Nothing says when they were taken. */
const profile = gzipSync(pprofOfCollapsed({ stacks: ['main;work 42'] }));
const other = gzipSync(pprofOfCollapsed({ stacks: ['main;work 7'] }));

describe('a push without a time that is sent again', () => {
  let server: TestClickHouse;
  let database: FreshDatabase;
  let clickhouse: ClickHouse;
  let ingest: RunningService;
  let grpcPort: number;
  let folder: string;
  let tests = 0;

  const start = async (): Promise<void> => {
    const config = readConfig({
      INGEST_HTTP_PORT: '0',
      INGEST_GRPC_PORT: String(grpcPort),
      CLICKHOUSE_URL: server.url,
      CLICKHOUSE_DATABASE: database.name,
      CLICKHOUSE_EMBEDDED: 'true',
      INGEST_SPOOL_DIR: folder,
      INGEST_SPOOL_SEGMENT_AGE_MS: '20',
    });
    ingest = await createIngest(config, quietLogger());
  };
  beforeAll(async () => {
    server = await startTestClickHouse();
    database = await freshDatabase(server.url);
    clickhouse = openClickHouse({ url: server.url, database: database.name, requestTimeoutMs: 30_000 });
    grpcPort = await freePort();
    folder = await mkdtemp(join(tmpdir(), 'everflame-ingest-'));
    await start();
  });
  afterAll(async () => {
    await ingest.close();
    await clickhouse.close();
    await database.drop();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const newService = (): string => `service-${tests++}`;
  const push = async (service: string, body: Uint8Array<ArrayBuffer>, key?: string): Promise<number> => {
    const headers = key === undefined ? {} : { 'idempotency-key': key };
    const url = `${ingest.url}/api/v1/profiles?service_name=${service}`;
    return (await fetch(url, { method: 'POST', body, headers })).status;
  };
  const merged = (service: string): ReturnType<typeof mergeStacks> =>
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
  /** What is stored of a service once everything that was acknowledged is: segments are inserted in order. */
  async function stored(service: string): Promise<{ profiles: number; total: number }> {
    const last = newService();
    await push(last, profile);
    await waitFor(async () => (await merged(last)).profiles > 0, { what: 'what was pushed last' });
    const { profiles, total } = await merged(service);
    return { profiles, total };
  }

  it('is stored once where its bytes are the same and it has no key', async () => {
    const service = newService();
    const statuses = await Promise.all(Array.from({ length: 5 }, () => push(service, profile)));
    expect([...statuses, await push(service, profile), await push(service, other)]).toEqual(
      Array(7).fill(201),
    );
    expect(await stored(service)).toEqual({ profiles: 2, total: 49 });
    const metrics = await (await fetch(`${ingest.url}/metrics`)).text();
    expect(metrics).toMatch(/everflame_ingest_repeated_pushes_total(\{[^}]*\})? 5\n/);
  });

  it('is stored once per key: other keys are other pushes, and other bytes under a key are not lost', async () => {
    const service = newService();
    for (const key of ['a', 'b', 'a', 'b', 'a']) expect(await push(service, profile, key)).toBe(201);
    expect(await push(service, other, 'a')).toBe(201);
    expect(await stored(service)).toEqual({ profiles: 3, total: 42 + 42 + 7 });
  });

  it('is stored once when ingest was started anew in between, with a key and without', async () => {
    const [keyed, unkeyed] = [newService(), newService()];
    await push(keyed, profile, 'once');
    await push(unkeyed, profile);
    await ingest.close();
    await start();
    await push(keyed, profile, 'once');
    await push(unkeyed, profile);
    expect(await stored(keyed)).toEqual({ profiles: 1, total: 42 });
    expect(await stored(unkeyed)).toEqual({ profiles: 1, total: 42 });
  });

  it('has its key in a field over gRPC', async () => {
    const service = newService();
    const client = createIngestClient(`127.0.0.1:${grpcPort}`);
    const send = (idempotencyKey: string): Promise<PushResponse__Output> =>
      new Promise((resolve, reject) => {
        const labels = [{ name: 'service_name', value: service }];
        client.Push({ id: '1', labels, pprof: profile, idempotencyKey }, (error, answer) =>
          answer === undefined ? reject(error) : resolve(answer),
        );
      });
    for (const key of ['a', 'a', 'b']) expect(await send(key)).toMatchObject({ error: null });
    await expect(send('\u0007')).rejects.toThrow(/invalid_idempotency_key/);
    client.close();
    expect(await stored(service)).toEqual({ profiles: 2, total: 84 });
  });

  it('says what is wrong with a key', async () => {
    const service = newService();
    expect(await push(service, profile, 'x'.repeat(129))).toBe(400);
  });
});
