import { RedisConnections } from '@everflame/service-kit/redis';
import { quietLogger, startTestRedis, type TestRedis } from '@everflame/testkit';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BullRuleSchedule } from '../src/adapters/bull-rule-schedule.ts';
import { buildRule, PRINCIPAL } from './support/record-builder.ts';

describe('the schedule', () => {
  let server: TestRedis;
  let redis: RedisConnections;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = new RedisConnections({ url: server.url, whileAway: 'nothing runs' }, quietLogger());
  });
  afterAll(async () => {
    redis.close();
    await server.stop();
  });

  it('that an older version made, without the tenant in its id, is replaced, and that of another tenant is left', async () => {
    const queue = new Queue('alerter-evaluations', { connection: redis.commands, prefix: 'test' });
    const old = { name: 'evaluate', data: { ruleId: 'rule-1' } };
    await queue.upsertJobScheduler('rule-rule-1', { every: 60_000 }, old);
    const schedule = new BullRuleSchedule(redis, 'test');
    await schedule.set({ tenant: 'other' }, buildRule());
    await schedule.reconcile(PRINCIPAL, [buildRule()]);
    const ids = (await queue.getJobSchedulers(0, -1)).map(({ key }) => key);
    expect(ids.toSorted()).toEqual(['rule-default-rule-1', 'rule-other-rule-1']);
    await schedule.close();
    await queue.close();
  });
});
