import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningService } from '@everflame/service-kit';
import { type ClickHouse, migrate, openClickHouse, ProfileBatch } from '@everflame/storage';
import {
  freePort,
  type FreshDatabase,
  freshDatabase,
  startTestClickHouse,
  type TestClickHouse,
  answerSchema,
  quietLogger,
  insertBatch,
  addProfileRow,
} from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { createIngest } from '../src/create-ingest.ts';

const deletionPreviewSchema = answerSchema('post', 'delete/preview');
const deletionResponseSchema = answerSchema('post', 'delete');

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const NOW = Date.now();
const HOUR = 3_600_000;

describe('deleting over HTTP', () => {
  let server: TestClickHouse;
  let database: FreshDatabase;
  let clickhouse: ClickHouse;
  let ingest: RunningService;
  let folder: string;
  const logged: Record<string, unknown>[] = [];

  beforeAll(async () => {
    server = await startTestClickHouse();
    database = await freshDatabase(server.url);
    clickhouse = openClickHouse({ url: server.url, database: database.name, requestTimeoutMs: 30_000 });
    await migrate(clickhouse, { embedded: true });
    folder = await mkdtemp(join(tmpdir(), 'everflame-deletions-'));
    const config = readConfig({
      INGEST_HTTP_PORT: '0',
      INGEST_GRPC_PORT: String(await freePort()),
      INGEST_SPOOL_DIR: folder,
      CLICKHOUSE_URL: server.url,
      CLICKHOUSE_DATABASE: database.name,
      CLICKHOUSE_EMBEDDED: 'true',
    });
    const logger = quietLogger();
    logger.info = ((facts: Record<string, unknown>, message: string) =>
      logged.push({ ...facts, message })) as never;
    ingest = await createIngest(config, logger);
  });

  afterAll(async () => {
    await ingest.close();
    await clickhouse.close();
    await database.drop();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  let stored = 0;
  async function store(service: string, count: number): Promise<void> {
    const batch = new ProfileBatch();
    for (let i = 0; i < count; i++) {
      const series = { tenant: 'default', type: CPU, kind: 'interval' as const, service };
      const fingerprint = { lo: service.length, hi: 0 };
      const timeMs = NOW - 5 * HOUR + i;
      batch.addSeries({ ...series, fingerprint, dayMs: timeMs, labels: [['service_name', service]] });
      addProfileRow(batch, {
        ...series,
        fingerprint,
        timeMs,
        retentionDays: 14,
        profileId: { lo: (stored += 1), hi: 1 },
        durationMs: 1000,
        period: 1,
        total: 3,
        stackIdLo: Uint32Array.of(1),
        stackIdHi: Uint32Array.of(0),
        values: Float64Array.of(3),
      });
    }
    await insertBatch(clickhouse, batch);
  }

  async function send(
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; answer: { error?: { code: string } } }> {
    const response = await fetch(`${ingest.url}/api/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, answer: (await response.json()) as { error?: { code: string } } };
  }
  const codeOf = async (...args: Parameters<typeof send>): Promise<readonly [number, string | undefined]> => {
    const { status, answer } = await send(...args);
    return [status, answer.error?.code];
  };
  async function preview(service: string) {
    const body = { query: `{service_name="${service}"}`, from: 'now-1d', to: 'now' };
    const { status, answer } = await send('delete/preview', body);
    expect(status).toBe(200);
    return deletionPreviewSchema.parse(answer);
  }

  it('says what it would remove, removes it with the token, and writes it down', async () => {
    await store('doomed', 40);
    await store('kept', 30);
    const { query: selector, from, to, token, ...found } = await preview('doomed');
    expect(found).toMatchObject({ profiles: 40, series: 1, services: 1, serviceNames: ['doomed'] });
    const { status, answer } = await send('delete', { query: selector, from, to, token });
    expect(status).toBe(200);
    expect(deletionResponseSchema.parse(answer)).toMatchObject({ profiles: 40, from, to });
    expect(await preview('doomed')).toMatchObject({ profiles: 0, first: null });
    expect(await preview('kept')).toMatchObject({ profiles: 30 });
    expect(logged).toContainEqual(
      expect.objectContaining({
        message: 'profiles deleted',
        tenant: 'default',
        query: selector,
        from,
        to,
        profiles: 40,
      }),
    );
  });

  it('refuses a token of something else, an old one, and one of many profiles ago', async () => {
    await store('guarded', 10);
    const { query: selector, from, to, token } = await preview('guarded');
    const request = { query: selector, from, to, token };
    const refused = [400, 'confirmation_invalid'];
    expect(await codeOf('delete', { ...request, token: 'yes' })).toEqual(refused);
    expect(await codeOf('delete', { ...request, query: '{}' })).toEqual(refused);
    expect(await codeOf('delete', { ...request, to: to + 1 })).toEqual(refused);
    const [expires, ...rest] = token.split('.');
    const later = [Number(expires) + 60_000, ...rest].join('.');
    expect(await codeOf('delete', { ...request, token: later })).toEqual(refused);
    await store('guarded', 1100);
    expect(await codeOf('delete', request)).toEqual([400, 'confirmation_outdated']);
    expect(await preview('guarded')).toMatchObject({ profiles: 1110 });
  });

  it('wants all of selector and range', async () => {
    const request = { query: '{}', from: 'now-1h', to: 'now' };
    for (const missing of ['query', 'from', 'to']) {
      const body = Object.fromEntries(Object.entries(request).filter(([name]) => name !== missing));
      expect(await codeOf('delete/preview', body)).toEqual([400, 'invalid_argument']);
    }
    expect(await codeOf('delete', request)).toEqual([400, 'invalid_argument']);
    expect(await codeOf('delete/preview', { ...request, query: '{env="' })).toEqual([
      400,
      'invalid_selector',
    ]);
    expect(await codeOf('delete/preview', { ...request, from: 'now+1h' })).toEqual([400, 'inverted_range']);
    expect(await codeOf('delete/preview', { ...request, query: '{env=~"("}' })).toEqual([
      400,
      'invalid_selector',
    ]);
  });

  it('refuses what a page of another site could send', async () => {
    const request = { query: '{}', from: 'now-1h', to: 'now' };
    expect(await codeOf('delete/preview', JSON.stringify(request), { 'content-type': 'text/plain' })).toEqual(
      [415, 'json_required'],
    );
    expect(await codeOf('delete/preview', request, { origin: 'https://evil.example' })).toEqual([
      403,
      'foreign_origin',
    ]);
    expect((await send('delete/preview', request, { origin: ingest.url })).status).toBe(200);
  });
});
