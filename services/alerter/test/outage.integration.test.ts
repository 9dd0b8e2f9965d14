import { errorBodySchema } from '@everflame/contract';
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
  answerSchema,
  quietLogger,
} from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAlerter } from '../src/create-alerter.ts';
import { readConfig } from '../src/config.ts';
import { buildRuleInput } from './record-builder.ts';

const rulesResponseSchema = answerSchema('get', 'rules');

describeWithTool(['redis-server'], 'the alerter and outages', () => {
  let clickhouse: TestClickHouse;
  let redis: TestRedis;
  let database: FreshDatabase;
  let clickhouseProxy: FaultProxy;
  let redisProxy: FaultProxy;
  let alerter: RunningService;

  beforeAll(async () => {
    [clickhouse, redis] = await Promise.all([startTestClickHouse(), startTestRedis()]);
    database = await freshDatabase(clickhouse.url);
    clickhouseProxy = await FaultProxy.start(Number(new URL(clickhouse.url).port));
    redisProxy = await FaultProxy.start(Number(new URL(redis.url).port));
    const config = readConfig({
      ALERTER_PORT: '0',
      CLICKHOUSE_URL: `http://127.0.0.1:${clickhouseProxy.port}`,
      CLICKHOUSE_DATABASE: database.name,
      CLICKHOUSE_EMBEDDED: 'true',
      REDIS_URL: `redis://127.0.0.1:${redisProxy.port}`,
      ALERTER_QUEUE_PREFIX: database.name,
      ALERTER_RECONCILE_EVERY_MS: '500',
    });
    alerter = await createAlerter(config, quietLogger());
    await waitForReadiness(200);
  });

  afterAll(async () => {
    await alerter.close();
    await redisProxy.close();
    await clickhouseProxy.close();
    await redis.stop();
    await database.drop();
    await clickhouse.stop();
  });

  const get = (path: string): Promise<Response> => fetch(`${alerter.url}/${path}`);

  function waitForReadiness(status: number): Promise<string> {
    return waitFor(
      async () => {
        const response = await get('readyz');
        const body = await response.text();
        return response.status === status && body;
      },
      { what: `readiness ${status}` },
    );
  }

  async function listRules() {
    return rulesResponseSchema.parse(await (await get('api/v1/rules')).json()).rules;
  }

  function post(name: string): Promise<Response> {
    return fetch(`${alerter.url}/api/v1/rules`, {
      method: 'POST',
      body: JSON.stringify(buildRuleInput({ name })),
      headers: { 'content-type': 'application/json' },
    });
  }

  function waitForEvaluation(name: string, since: number): Promise<unknown> {
    return waitFor(
      async () =>
        (await listRules()).find(
          (rule) => rule.name === name && rule.lastError === null && (rule.lastEvaluatedAt ?? 0) > since,
        ),
      { what: `an evaluation of ${name}` },
    );
  }

  describe('without Redis', () => {
    it('keeps rules, says that none is evaluated, and evaluates them when Redis is back', async () => {
      expect((await post('before')).status).toBe(201);
      await waitForEvaluation('before', 0);
      await redisProxy.setMode({ kind: 'refuse' });
      expect(await waitForReadiness(503)).toContain('Redis does not answer');
      expect((await post('during')).status).toBe(201);
      expect((await listRules()).map((rule) => [rule.name, rule.lastError?.code])).toEqual([
        ['before', 'redis_unavailable'],
        ['during', 'redis_unavailable'],
      ]);
      const back = Date.now();
      await redisProxy.setMode({ kind: 'pass' });
      await waitForReadiness(200);
      await waitForEvaluation('before', back);
      await waitForEvaluation('during', back);
    });
  });

  describe('without ClickHouse', () => {
    it('says so and goes on by itself when ClickHouse is back', async () => {
      await clickhouseProxy.setMode({ kind: 'refuse' });
      expect(await waitForReadiness(503)).toContain('clickhouse');
      const refused = await get('api/v1/rules');
      expect(refused.status).toBe(503);
      expect(errorBodySchema.parse(await refused.json()).error.code).toBe('storage_unavailable');
      const back = Date.now();
      await clickhouseProxy.setMode({ kind: 'pass' });
      await waitForReadiness(200);
      await waitForEvaluation('before', back);
    });
  });

  describe('closing', () => {
    it('ends also while Redis is away', async () => {
      await redisProxy.setMode({ kind: 'refuse' });
      await waitForReadiness(503);
      await alerter.close();
      await expect(get('healthz')).rejects.toThrow('fetch failed');
    });
  });
});
