import { UnavailableError } from '@everflame/profile';
import { FakeClock, quietLogger } from '@everflame/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { NotificationDelivery } from '../src/application/deliver-notification.ts';
import { RuleEvaluator } from '../src/application/evaluate-rule.ts';
import { RuleCatalog } from '../src/application/rule-catalog.ts';
import { RuleRunner } from '../src/application/rule-runner.ts';
import { buildPoints, buildSeries, START_MS } from './gauge-builder.ts';
import {
  MemoryAlertStore,
  MemoryEvaluationStatuses,
  MemoryGrowthExplainer,
  MemoryNotificationQueue,
  MemoryNotifier,
  MemoryRuleLock,
  MemoryRuleSchedule,
  MemoryRuleStore,
  MemorySeriesReader,
} from './memory-ports.ts';
import { buildAlertRecord, buildRule, buildRuleInput, MIB } from './record-builder.ts';

const NOW_MS = START_MS + 60_000;
const LABELS = { service_name: 'shop' };
const leak = [{ labels: LABELS, series: [buildSeries(buildPoints((seconds) => (12 + seconds) * MIB))] }];
const steady = [{ labels: LABELS, series: [buildSeries(buildPoints(() => 50 * MIB))] }];

function setUp() {
  const clock = new FakeClock(NOW_MS);
  let ids = 0;
  const newId = (): string => `id-${++ids}`;
  const parts = {
    alerts: new MemoryAlertStore(),
    reader: new MemorySeriesReader(),
    explainer: new MemoryGrowthExplainer(),
    notifications: new MemoryNotificationQueue(),
    notifier: new MemoryNotifier(),
    statuses: new MemoryEvaluationStatuses(),
    schedule: new MemoryRuleSchedule(),
    lock: new MemoryRuleLock(),
    clock,
    logger: quietLogger(),
    newId,
    dashboardUrl: 'http://127.0.0.1:4040',
  };
  const evaluator = new RuleEvaluator(parts);
  const catalog = new RuleCatalog([], new MemoryRuleStore(), clock, newId);
  return {
    ...parts,
    evaluator,
    catalog,
    runner: new RuleRunner({ ...parts, catalog, evaluator }),
    delivery: new NotificationDelivery(parts),
  };
}

let alerter: ReturnType<typeof setUp>;
const rule = buildRule();

beforeEach(() => {
  alerter = setUp();
});

/** Delivers what is queued, as a worker would. */
async function deliverAll(options: { isLast?: boolean; wasSent?: boolean } = {}): Promise<string[]> {
  const outcomes: string[] = [];
  for (const job of alerter.notifications.queued) {
    outcomes.push(
      await alerter.delivery.deliver({
        ...job,
        isLast: false,
        wasSent: false,
        markSent: () => Promise.resolve(),
        ...options,
      }),
    );
  }
  return outcomes;
}

describe('an evaluation', () => {
  it('fires for a group that leaks, with the functions that grew', async () => {
    const grown = { name: 'main.rememberSession', file: 'main.go', before: 1, after: 30 };
    alerter.reader.groups = leak;
    alerter.explainer.functions = [grown];
    expect(await alerter.evaluator.evaluate(rule)).toBe('ok');
    const [alert] = await alerter.alerts.list();
    expect(alert).toMatchObject({
      state: 'firing',
      labels: LABELS,
      valueNow: 70 * MIB,
      grownFunctions: [grown],
    });
    expect(alert?.diffUrl).toContain('/compare?left_query=');
    expect(alerter.notifications.queued).toEqual([{ alertId: alert?.id, transition: 'firing' }]);
    expect((await alerter.statuses.all()).get(rule.id)).toEqual({ evaluatedAt: NOW_MS, error: null });
  });

  it('reads the window of the rule in steps of at least a second', async () => {
    await alerter.evaluator.evaluate(buildRule({ windowMs: 3_600_000 }));
    await alerter.evaluator.evaluate(buildRule({ windowMs: 20_000 }));
    expect(alerter.reader.asked.map(({ fromMs, toMs, stepMs }) => [toMs - fromMs, stepMs])).toEqual([
      [3_600_000, 60_000],
      [20_000, 1000],
    ]);
  });

  it('fires once however often it is repeated', async () => {
    alerter.reader.groups = leak;
    for (let i = 0; i < 3; i++) {
      await alerter.evaluator.evaluate(rule);
      alerter.clock.advance(1000);
    }
    expect(await alerter.alerts.list()).toHaveLength(1);
    await deliverAll();
    expect(await deliverAll()).toEqual(['not_due']);
    expect(alerter.notifier.sent).toHaveLength(1);
  });

  it('fires without functions when growth cannot be explained, and says so', async () => {
    alerter.reader.groups = leak;
    alerter.explainer.failure = new UnavailableError('query_unavailable', 'the query API did not answer');
    await alerter.evaluator.evaluate(rule);
    await deliverAll();
    expect(alerter.notifier.sent[0]?.payload.commonAnnotations['description']).toContain(
      'the query API did not answer',
    );
  });

  it('resolves and tells it once', async () => {
    alerter.reader.groups = leak;
    await alerter.evaluator.evaluate(rule);
    await deliverAll();
    for (const offset of [10_000, 20_000]) {
      alerter.clock.set(NOW_MS + offset);
      alerter.reader.groups = [
        { labels: LABELS, series: [buildSeries(buildPoints(() => 50 * MIB, { toMs: 60_000 + offset }))] },
      ];
      await alerter.evaluator.evaluate(rule);
    }
    expect((await alerter.alerts.list())[0]).toMatchObject({
      state: 'resolved',
      resolvedAt: NOW_MS + 20_000,
    });
    await deliverAll();
    await deliverAll();
    expect(alerter.notifier.sent.map(({ payload }) => payload.status)).toEqual(['firing', 'resolved']);
  });

  it('drops a pending alert that lapses', async () => {
    const waiting = buildRule({ forMs: 30_000 });
    alerter.reader.groups = leak;
    await alerter.evaluator.evaluate(waiting);
    expect((await alerter.alerts.list())[0]?.state).toBe('pending');
    alerter.reader.groups = steady;
    await alerter.evaluator.evaluate(waiting);
    expect(await alerter.alerts.list()).toEqual([]);
  });

  it('records why it failed, and recovers', async () => {
    alerter.reader.failure = new UnavailableError('storage_unavailable', 'ClickHouse does not answer');
    expect(await alerter.evaluator.evaluate(rule)).toBe('error');
    expect((await alerter.statuses.all()).get(rule.id)?.error).toEqual({
      code: 'storage_unavailable',
      message: 'ClickHouse does not answer',
    });
    alerter.reader.failure = undefined;
    await alerter.evaluator.evaluate(rule);
    expect((await alerter.statuses.all()).get(rule.id)?.error).toBeNull();
  });

  it('keeps what is inside inside when it fails for a reason of its own', async () => {
    alerter.reader.failure = new TypeError('secret internals');
    await alerter.evaluator.evaluate(rule);
    const status = (await alerter.statuses.all()).get(rule.id);
    expect(status?.error?.code).toBe('internal');
    expect(status?.error?.message).not.toContain('secret');
  });

  it('leaves a rule alone that is being evaluated elsewhere', async () => {
    alerter.lock.held.add(rule.id);
    expect(await alerter.evaluator.evaluate(rule)).toBe('busy');
    expect(alerter.reader.asked).toEqual([]);
  });

  it('queues again what was never delivered', async () => {
    await alerter.alerts.save(buildAlertRecord({ id: 'lost' }));
    await alerter.evaluator.evaluate(rule);
    expect(alerter.notifications.queued).toEqual([{ alertId: 'lost', transition: 'firing' }]);
  });

  it('queues nothing for a rule without a webhook', async () => {
    alerter.reader.groups = leak;
    const { webhookUrl: _, ...silent } = rule;
    await alerter.evaluator.evaluate(silent);
    expect(alerter.notifications.queued).toEqual([]);
    expect((await alerter.alerts.list())[0]?.state).toBe('firing');
  });
});

describe('a delivery', () => {
  const failing = new UnavailableError('webhook_unavailable', 'The webhook did not answer.');

  beforeEach(async () => {
    await alerter.alerts.save(buildAlertRecord());
    await alerter.notifications.add('alert-1', 'firing');
  });

  it('records a failure with the alert and clears it when a later try succeeds', async () => {
    alerter.notifier.failure = failing;
    await expect(deliverAll()).rejects.toThrow('The webhook did not answer.');
    expect((await alerter.alerts.find('alert-1'))?.lastNotificationError).toBe('The webhook did not answer.');
    alerter.notifier.failure = undefined;
    expect(await deliverAll()).toEqual(['sent']);
    expect(await alerter.alerts.find('alert-1')).toMatchObject({
      lastNotificationError: null,
      notifiedFiringAt: NOW_MS,
    });
  });

  it('gives up after the last try and does not announce an end nobody knows the start of', async () => {
    alerter.notifier.failure = failing;
    await expect(deliverAll({ isLast: true })).rejects.toThrow('The webhook did not answer.');
    await alerter.evaluator.close(rule);
    expect(alerter.notifications.queued).toHaveLength(1);
    expect(await alerter.alerts.find('alert-1')).toMatchObject({
      state: 'resolved',
      isNotificationAbandoned: true,
    });
  });

  it('does not send again what an earlier try sent', async () => {
    expect(await deliverAll({ wasSent: true })).toEqual(['recorded']);
    expect(alerter.notifier.sent).toEqual([]);
    expect((await alerter.alerts.find('alert-1'))?.notifiedFiringAt).toBe(NOW_MS);
  });

  it('of an alert that ended meanwhile tells the start, then the end', async () => {
    await alerter.evaluator.close(rule);
    expect(await deliverAll()).toEqual(['sent', 'sent']);
    expect(alerter.notifier.sent.map(({ payload }) => payload.status)).toEqual(['firing', 'resolved']);
  });
});

describe('the runner', () => {
  it('schedules a new rule and takes a disabled one off', async () => {
    const made = await alerter.catalog.create(buildRuleInput());
    await alerter.runner.changed(made);
    expect([...alerter.schedule.everyMs]).toEqual([[made.id, 1000]]);
    await alerter.runner.changed(await alerter.catalog.replace(made.id, buildRuleInput({ enabled: false })));
    expect(alerter.schedule.everyMs.size).toBe(0);
  });

  it('ends the alerts of a deleted rule and tells it', async () => {
    const made = await alerter.catalog.create(buildRuleInput());
    alerter.reader.groups = leak;
    await alerter.runner.run(made.id);
    await deliverAll();
    await alerter.runner.deleted(await alerter.catalog.delete(made.id));
    await deliverAll();
    expect(alerter.notifier.sent.map(({ payload }) => payload.status)).toEqual(['firing', 'resolved']);
  });

  it('takes off the schedule what is no rule any more', async () => {
    await alerter.schedule.set(rule);
    expect(await alerter.runner.run(rule.id)).toBe('not_a_rule');
    expect(alerter.schedule.everyMs.size).toBe(0);
  });

  it('reconciles: schedules what exists, ends what has no rule, forgets what is old', async () => {
    const made = await alerter.catalog.create(buildRuleInput());
    await alerter.alerts.save(buildAlertRecord({ id: 'orphan', ruleId: 'gone' }));
    await alerter.alerts.save(
      buildAlertRecord({ id: 'old', state: 'resolved', resolvedAt: NOW_MS - 31 * 86_400_000 }),
    );
    await alerter.runner.reconcile();
    expect([...alerter.schedule.everyMs.keys()]).toEqual([made.id]);
    expect((await alerter.alerts.list()).map(({ id, state }) => [id, state])).toEqual([
      ['orphan', 'resolved'],
    ]);
  });
});
