import type { RunningService } from '@everflame/service-kit';
import {
  describeWithTool,
  type FreshDatabase,
  freshDatabase,
  setClockAhead,
  startTestClickHouse,
  startTestRedis,
  type TestClickHouse,
  type TestRedis,
  waitFor,
  answerSchema,
  quietLogger,
} from '@everflame/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAlerter } from '../src/create-alerter.ts';
import { readConfig } from '../src/config.ts';
import { buildRuleInput } from './record-builder.ts';

const rulesResponseSchema = answerSchema('get', 'rules');

const HOUR_MS = 3_600_000;

describeWithTool(['redis-server'], 'the alerter, when the clock of its machine is set', () => {
  let clickhouse: TestClickHouse;
  let redis: TestRedis;
  let database: FreshDatabase;
  let alerter: RunningService;

  beforeAll(async () => {
    [clickhouse, redis] = await Promise.all([startTestClickHouse(), startTestRedis()]);
    database = await freshDatabase(clickhouse.url);
    const config = readConfig({
      ALERTER_PORT: '0',
      CLICKHOUSE_URL: clickhouse.url,
      CLICKHOUSE_DATABASE: database.name,
      CLICKHOUSE_EMBEDDED: 'true',
      REDIS_URL: redis.url,
      ALERTER_QUEUE_PREFIX: database.name,
      ALERTER_RECONCILE_EVERY_MS: '500',
    });
    alerter = await createAlerter(config, quietLogger());
  });
  afterAll(async () => {
    setClockAhead(0);
    await alerter.close();
    await redis.stop();
    await database.drop();
    await clickhouse.stop();
  });

  async function evaluatedAt(): Promise<number> {
    const response = await fetch(`${alerter.url}/api/v1/rules`);
    const [rule] = rulesResponseSchema.parse(await response.json()).rules;
    return rule?.lastEvaluatedAt ?? 0;
  }

  async function goesOn(): Promise<void> {
    const before = await evaluatedAt();
    await waitFor(async () => (await evaluatedAt()) !== before, { what: 'an evaluation' });
    const at = await evaluatedAt();
    await waitFor(async () => (await evaluatedAt()) > at, { what: 'a further evaluation' });
  }

  it('evaluates rules without a pause of more than two intervals', async () => {
    const response = await fetch(`${alerter.url}/api/v1/rules`, {
      method: 'POST',
      body: JSON.stringify(buildRuleInput({ name: 'heap' })),
      headers: { 'content-type': 'application/json' },
    });
    expect(response.status).toBe(201);
    await goesOn();
    for (const aheadMs of [HOUR_MS, 0, -HOUR_MS, 0]) {
      setClockAhead(aheadMs);
      await goesOn();
    }
  });
});
