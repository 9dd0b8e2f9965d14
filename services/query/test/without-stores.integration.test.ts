import { errorBodySchema } from '@everflame/contract';
import type { RunningService } from '@everflame/service-kit';
import { migrate, openClickHouse } from '@everflame/storage';
import {
  FaultProxy,
  type FreshDatabase,
  freePort,
  freshDatabase,
  startTestClickHouse,
  type TestClickHouse,
  waitFor,
  quietLogger,
} from '@everflame/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { createQuery } from '../src/create-query.ts';

describe('query when it starts before ClickHouse and Redis', () => {
  let clickhouse: TestClickHouse;
  let database: FreshDatabase;
  let proxy: FaultProxy;
  let query: RunningService | undefined;

  beforeEach(async () => {
    clickhouse = await startTestClickHouse();
    database = await freshDatabase(clickhouse.url);
    proxy = await FaultProxy.start(Number(new URL(clickhouse.url).port));
  });
  afterEach(async () => {
    await query?.close();
    await proxy.close();
    await database.drop();
    await clickhouse.stop();
  });

  async function start(): Promise<RunningService> {
    query = await createQuery(
      readConfig({
        QUERY_PORT: '0',
        CLICKHOUSE_URL: `http://127.0.0.1:${proxy.port}`,
        CLICKHOUSE_DATABASE: database.name,
        CLICKHOUSE_EMBEDDED: 'true',
        REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
      }),
      quietLogger(),
    );
    return query;
  }

  it.each([
    ['refuses connections', 'refuse'],
    ['answers nothing', 'blackhole'],
  ] as const)('is alive while ClickHouse %s, says so, and answers when it comes', async (_, kind) => {
    await proxy.setMode({ kind });
    const { url } = await start();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const notReady = await fetch(`${url}/readyz`);
    expect(notReady.status).toBe(503);
    const { checks } = (await notReady.json()) as { checks: Record<string, string> };
    expect(Object.keys(checks)).toEqual(['clickhouse', 'prepared']);
    for (const outcome of Object.values(checks)) expect(outcome).not.toMatch(/^ok/);
    await proxy.setMode({ kind: 'pass' });
    await waitFor(async () => (await fetch(`${url}/readyz`)).status === 200, { what: 'query to be ready' });
    expect((await fetch(`${url}/api/v1/services`)).status).toBe(200);
  });

  it('refuses questions with a code until ClickHouse is there', async () => {
    await proxy.setMode({ kind: 'refuse' });
    const { url } = await start();
    const refused = await fetch(`${url}/api/v1/services`);
    expect(refused.status).toBe(503);
    expect(errorBodySchema.parse(await refused.json()).error.code).toBe('storage_unavailable');
  });

  it('gives up on tables of a newer version when it finds them later', async () => {
    await proxy.setMode({ kind: 'refuse' });
    const { prepared } = await start();
    await setUpByNewerVersion();
    await proxy.setMode({ kind: 'pass' });
    await expect(prepared).rejects.toMatchObject({ code: 'schema_too_new' });
  });

  async function setUpByNewerVersion(): Promise<void> {
    const client = openClickHouse({ url: clickhouse.url, database: database.name, requestTimeoutMs: 30_000 });
    const future = { version: 9999, name: 'future', statements: () => [] };
    await migrate(client, { embedded: true }, [future]);
    await client.close();
  }
});
