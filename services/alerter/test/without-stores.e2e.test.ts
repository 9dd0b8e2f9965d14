import type { RunningService } from '@everflame/service-kit';
import {
  describeWithTool,
  FaultProxy,
  type FreshDatabase,
  freshDatabase,
  startTestClickHouse,
  startTestRedis,
  type TestClickHouse,
  type TestRedis,
  waitFor,
  quietLogger,
} from '@everflame/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createAlerter } from '../src/create-alerter.ts';
import { readConfig } from '../src/config.ts';
import { buildRuleInput } from './record-builder.ts';

describeWithTool(['redis-server'], 'the alerter when it starts before what it needs', () => {
  let clickhouse: TestClickHouse;
  let redis: TestRedis;
  let database: FreshDatabase;
  let proxies: readonly [clickhouse: FaultProxy, redis: FaultProxy];
  let alerter: RunningService | undefined;

  beforeEach(async () => {
    [clickhouse, redis] = await Promise.all([startTestClickHouse(), startTestRedis()]);
    database = await freshDatabase(clickhouse.url);
    proxies = [
      await FaultProxy.start(Number(new URL(clickhouse.url).port)),
      await FaultProxy.start(Number(new URL(redis.url).port)),
    ];
  });
  afterEach(async () => {
    await alerter?.close();
    for (const proxy of proxies) await proxy.close();
    await redis.stop();
    await database.drop();
    await clickhouse.stop();
  });

  async function readiness(): Promise<{ status: number; checks: Record<string, string> }> {
    const response = await fetch(`${alerter?.url}/readyz`);
    const { checks } = (await response.json()) as { checks: Record<string, string> };
    return { status: response.status, checks };
  }

  it.each([
    ['refuse connections', 'refuse'],
    ['answer nothing', 'blackhole'],
  ] as const)('is alive while both %s, names them, and evaluates rules when they come', async (_, kind) => {
    for (const proxy of proxies) await proxy.setMode({ kind });
    const config = readConfig({
      ALERTER_PORT: '0',
      CLICKHOUSE_URL: `http://127.0.0.1:${proxies[0].port}`,
      CLICKHOUSE_DATABASE: database.name,
      CLICKHOUSE_EMBEDDED: 'true',
      REDIS_URL: `redis://127.0.0.1:${proxies[1].port}`,
      ALERTER_QUEUE_PREFIX: database.name,
      ALERTER_RECONCILE_EVERY_MS: '500',
    });
    alerter = await createAlerter(config, quietLogger());
    const { url } = alerter;
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const { status, checks } = await readiness();
    expect(status).toBe(503);
    for (const name of ['clickhouse', 'redis', 'schedule', 'prepared']) {
      expect(checks[name], name).not.toMatch(/^ok/);
    }
    for (const proxy of proxies) await proxy.setMode({ kind: 'pass' });
    await waitFor(async () => (await readiness()).status === 200, {
      what: 'the alerter to be ready',
      timeoutMs: 50_000,
    });
    const made = await fetch(`${url}/api/v1/rules`, {
      method: 'POST',
      body: JSON.stringify(buildRuleInput({ name: 'early' })),
      headers: { 'content-type': 'application/json' },
    });
    expect(made.status).toBe(201);
    await waitFor(
      async () => /"lastEvaluatedAt":\d/.test(await (await fetch(`${url}/api/v1/rules`)).text()),
      { what: 'an evaluation' },
    );
  });

  it('ends while it still waits', async () => {
    for (const proxy of proxies) await proxy.setMode({ kind: 'blackhole' });
    const service = await createAlerter(
      readConfig({
        ALERTER_PORT: '0',
        CLICKHOUSE_URL: `http://127.0.0.1:${proxies[0].port}`,
        REDIS_URL: `redis://127.0.0.1:${proxies[1].port}`,
      }),
      quietLogger(),
    );
    await service.close();
    await expect(fetch(`${service.url}/healthz`)).rejects.toThrow('fetch failed');
  });
});
