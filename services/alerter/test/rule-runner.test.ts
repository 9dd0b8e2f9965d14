import { UnavailableError } from '@everflame/profile';
import { FakeClock, quietLogger } from '@everflame/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { showAlert } from '../src/application/alert-views.ts';
import { NotificationDelivery } from '../src/application/deliver-notification.ts';
import { ReceiverCatalog } from '../src/application/receiver-catalog.ts';
import { RuleCatalog } from '../src/application/rule-catalog.ts';
import { RuleRunner } from '../src/application/rule-runner.ts';
import { ALERT_FORM } from '../src/documents/alert-document.ts';
import { RECEIVER_FORM } from '../src/documents/receiver-document.ts';
import { RULE_FORM } from '../src/documents/rule-document.ts';
import { openRuleKinds } from '../src/rules/rule-kinds.ts';
import { buildPoints, buildSeries, START_MS } from './support/gauge-builder.ts';
import {
  MemoryDocuments,
  MemoryEvaluationStatuses,
  MemoryGrowthExplainer,
  MemoryNotificationQueue,
  MemoryNotifier,
  MemoryRuleLock,
  MemoryRuleSchedule,
  MemorySeriesReader,
} from './support/memory-ports.ts';
import { buildAlert, buildRule, buildRuleInput, MIB, PRINCIPAL } from './support/record-builder.ts';

const NOW_MS = START_MS + 60_000;
const LABELS = { service_name: 'shop' };
const leak = [{ labels: LABELS, series: [buildSeries(buildPoints((seconds) => (12 + seconds) * MIB))] }];
const steady = [{ labels: LABELS, series: [buildSeries(buildPoints(() => 50 * MIB))] }];

function setUp() {
  const clock = new FakeClock(NOW_MS);
  let ids = 0;
  const newId = (): string => `id-${++ids}`;
  const dashboardUrl = 'http://127.0.0.1:4040';
  const logger = quietLogger();
  const reader = new MemorySeriesReader();
  const explainer = new MemoryGrowthExplainer();
  const notifier = new MemoryNotifier();
  const kinds = openRuleKinds({ reader, explainer, dashboardUrl, logger });
  const alerts = new MemoryDocuments(ALERT_FORM);
  const store = new MemoryDocuments(RECEIVER_FORM);
  const parts = {
    kinds,
    alerts,
    receivers: new ReceiverCatalog({ store, clock, notifiers: { webhook: notifier } }),
    dashboardUrl,
    rules: new RuleCatalog({ store: new MemoryDocuments(RULE_FORM), clock, kinds, newId }),
    notifications: new MemoryNotificationQueue(),
    statuses: new MemoryEvaluationStatuses(),
    schedule: new MemoryRuleSchedule(),
    lock: new MemoryRuleLock(),
    clock,
    logger,
    newId,
  };
  return {
    ...parts,
    reader,
    explainer,
    notifier,
    runner: new RuleRunner(parts),
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
      await alerter.delivery.deliver(PRINCIPAL, {
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
    expect(await alerter.runner.evaluate(PRINCIPAL, rule)).toBe('ok');
    const [alert] = await alerter.alerts.list(PRINCIPAL);
    expect(alert).toMatchObject({
      state: 'firing',
      labels: LABELS,
      details: { valueNow: 70 * MIB, grownFunctions: [grown] },
    });
    expect(alert?.details['diffUrl']).toContain('/compare?left_query=');
    expect(alerter.notifications.queued).toEqual([
      { alertId: alert?.id, receiver: '', transition: 'firing' },
    ]);
    expect((await alerter.statuses.all()).get(rule.id)).toEqual({ evaluatedAt: NOW_MS, error: null });
  });

  it('fires once however often it is repeated', async () => {
    alerter.reader.groups = leak;
    for (let i = 0; i < 3; i++) {
      await alerter.runner.evaluate(PRINCIPAL, rule);
      alerter.clock.advance(1000);
    }
    expect(await alerter.alerts.list(PRINCIPAL)).toHaveLength(1);
    await deliverAll();
    expect(await deliverAll()).toEqual(['not_due']);
    expect(alerter.notifier.sent).toHaveLength(1);
  });

  it('fires without functions when growth cannot be explained, and says so', async () => {
    alerter.reader.groups = leak;
    alerter.explainer.failure = new UnavailableError('query_unavailable', 'the query API did not answer');
    await alerter.runner.evaluate(PRINCIPAL, rule);
    await deliverAll();
    expect(alerter.notifier.sent[0]?.notice.annotations.description).toContain(
      'the query API did not answer',
    );
  });

  it('resolves and tells it once', async () => {
    alerter.reader.groups = leak;
    await alerter.runner.evaluate(PRINCIPAL, rule);
    await deliverAll();
    for (const offset of [10_000, 20_000]) {
      alerter.clock.set(NOW_MS + offset);
      alerter.reader.groups = [
        { labels: LABELS, series: [buildSeries(buildPoints(() => 50 * MIB, { toMs: 60_000 + offset }))] },
      ];
      await alerter.runner.evaluate(PRINCIPAL, rule);
    }
    expect((await alerter.alerts.list(PRINCIPAL))[0]).toMatchObject({
      state: 'resolved',
      resolvedAt: NOW_MS + 20_000,
    });
    await deliverAll();
    await deliverAll();
    expect(alerter.notifier.sent.map(({ notice }) => notice.transition)).toEqual(['firing', 'resolved']);
  });

  it('drops a pending alert that lapses', async () => {
    const waiting = buildRule({ forMs: 30_000 });
    alerter.reader.groups = leak;
    await alerter.runner.evaluate(PRINCIPAL, waiting);
    expect((await alerter.alerts.list(PRINCIPAL))[0]?.state).toBe('pending');
    alerter.reader.groups = steady;
    await alerter.runner.evaluate(PRINCIPAL, waiting);
    expect(await alerter.alerts.list(PRINCIPAL)).toEqual([]);
  });

  it('records why it failed, and recovers', async () => {
    alerter.reader.failure = new UnavailableError('storage_unavailable', 'ClickHouse does not answer');
    expect(await alerter.runner.evaluate(PRINCIPAL, rule)).toBe('error');
    expect((await alerter.statuses.all()).get(rule.id)?.error).toEqual({
      code: 'storage_unavailable',
      message: 'ClickHouse does not answer',
    });
    alerter.reader.failure = undefined;
    await alerter.runner.evaluate(PRINCIPAL, rule);
    expect((await alerter.statuses.all()).get(rule.id)?.error).toBeNull();
  });

  it('keeps what is inside inside when it fails for a reason of its own', async () => {
    alerter.reader.failure = new TypeError('secret internals');
    await alerter.runner.evaluate(PRINCIPAL, rule);
    const status = (await alerter.statuses.all()).get(rule.id);
    expect(status?.error?.code).toBe('internal');
    expect(status?.error?.message).not.toContain('secret');
  });

  it('leaves a rule alone that is being evaluated elsewhere', async () => {
    alerter.lock.held.add(rule.id);
    expect(await alerter.runner.evaluate(PRINCIPAL, rule)).toBe('busy');
    expect(alerter.reader.asked).toEqual([]);
  });

  it('queues again what was never delivered', async () => {
    await alerter.alerts.save(PRINCIPAL, buildAlert({ id: 'lost' }));
    await alerter.runner.evaluate(PRINCIPAL, rule);
    expect(alerter.notifications.queued).toEqual([{ alertId: 'lost', receiver: '', transition: 'firing' }]);
  });

  it('queues nothing for a rule without a webhook', async () => {
    alerter.reader.groups = leak;
    const { webhookUrl: _, ...silent } = rule;
    await alerter.runner.evaluate(PRINCIPAL, silent);
    expect(alerter.notifications.queued).toEqual([]);
    expect((await alerter.alerts.list(PRINCIPAL))[0]?.state).toBe('firing');
  });
});

describe('a delivery', () => {
  const told = async () => (await alerter.alerts.find(PRINCIPAL, 'alert-1'))?.deliveries[0];
  const failing = new UnavailableError('webhook_unavailable', 'The webhook did not answer.');

  beforeEach(async () => {
    await alerter.alerts.save(PRINCIPAL, buildAlert());
    await alerter.notifications.add(PRINCIPAL, { alertId: 'alert-1', receiver: '', transition: 'firing' });
  });

  it('records a failure with the alert and clears it when a later try succeeds', async () => {
    alerter.notifier.failure = failing;
    await expect(deliverAll()).rejects.toThrow('The webhook did not answer.');
    expect(await told()).toMatchObject({ lastError: 'The webhook did not answer.' });
    alerter.notifier.failure = undefined;
    expect(await deliverAll()).toEqual(['sent']);
    expect(await told()).toMatchObject({ lastError: null, toldFiringAt: NOW_MS });
  });

  it('gives up after the last try and does not announce an end nobody knows the start of', async () => {
    alerter.notifier.failure = failing;
    await expect(deliverAll({ isLast: true })).rejects.toThrow('The webhook did not answer.');
    await alerter.runner.close(PRINCIPAL, rule);
    expect(alerter.notifications.queued).toHaveLength(1);
    expect(await alerter.alerts.find(PRINCIPAL, 'alert-1')).toMatchObject({
      state: 'resolved',
      deliveries: [{ isAbandoned: true }],
    });
  });

  it('does not send again what an earlier try sent', async () => {
    expect(await deliverAll({ wasSent: true })).toEqual(['recorded']);
    expect(alerter.notifier.sent).toEqual([]);
    expect(await told()).toMatchObject({ toldFiringAt: NOW_MS });
  });

  it('of an alert that ended meanwhile tells the start, then the end', async () => {
    await alerter.runner.close(PRINCIPAL, rule);
    expect(await deliverAll()).toEqual(['sent', 'sent']);
    expect(alerter.notifier.sent.map(({ notice }) => notice.transition)).toEqual(['firing', 'resolved']);
  });
});

describe('named receivers', () => {
  const webhook = (url: string) => ({ webhook: { url } });
  const shop = buildRule({ labels: { team: 'shop' } });

  beforeEach(async () => {
    alerter.reader.groups = leak;
    const { receivers } = alerter;
    await receivers.create(PRINCIPAL, { name: 'shop', match: '{team="shop"}', ...webhook('http://a/shop') });
    await receivers.create(PRINCIPAL, { name: 'web', match: '{team="web"}', ...webhook('http://a/web') });
    await receivers.create(PRINCIPAL, {
      name: 'heap',
      match: '{service_name=~"sh.p",alertname="Heap grows"}',
      ...webhook('http://a/heap'),
    });
  });

  it('get the alerts whose labels, and whose rule has labels, that they match, besides the webhook of the rule', async () => {
    await alerter.runner.evaluate(PRINCIPAL, shop);
    expect(await deliverAll()).toEqual(['sent', 'sent', 'sent']);
    expect(alerter.notifier.sent.map(({ url, notice }) => [url, notice.receiver])).toEqual([
      ['http://127.0.0.1:9/hook', 'everflame'],
      ['http://a/heap', 'heap'],
      ['http://a/shop', 'shop'],
    ]);
  });

  it('are told the end by whom firing was told, each for itself', async () => {
    await alerter.runner.evaluate(PRINCIPAL, shop);
    const [alert] = await alerter.alerts.list(PRINCIPAL);
    alerter.notifier.failure = new UnavailableError('webhook_unavailable', 'The webhook did not answer.');
    await expect(deliverAll({ isLast: true })).rejects.toThrow('did not answer');
    alerter.notifier.failure = undefined;
    await deliverAll();
    await alerter.runner.close(PRINCIPAL, shop);
    await deliverAll();
    expect(alerter.notifier.sent.map(({ url, notice }) => [url, notice.transition])).toEqual([
      ['http://a/heap', 'firing'],
      ['http://a/shop', 'firing'],
      ['http://a/heap', 'resolved'],
      ['http://a/shop', 'resolved'],
    ]);
    expect((await alerter.alerts.find(PRINCIPAL, alert?.id ?? ''))?.deliveries[0]?.isAbandoned).toBe(true);
  });

  it('are reached where they are now, and given up when they are gone', async () => {
    await alerter.runner.evaluate(PRINCIPAL, buildRule({ labels: { team: 'shop' }, webhookUrl: null }));
    const change = { name: 'shop', match: '{team="shop"}', ...webhook('http://a/moved') };
    await alerter.receivers.replace(PRINCIPAL, 'shop', change);
    await alerter.receivers.delete(PRINCIPAL, 'heap');
    await expect(deliverAll()).rejects.toMatchObject({ code: 'unknown_receiver' });
    alerter.notifications.queued.shift();
    await deliverAll();
    expect(alerter.notifier.sent.map(({ url }) => url)).toEqual(['http://a/moved']);
    const [shown] = (await alerter.alerts.list(PRINCIPAL)).map((alert) => showAlert(alert, alerter));
    expect(shown?.lastNotificationError).toBe('heap: There is no receiver heap any more.');
  });
});

describe('the runner', () => {
  it('schedules a new rule and takes a disabled one off', async () => {
    const made = await alerter.rules.create(PRINCIPAL, buildRuleInput());
    await alerter.runner.changed(PRINCIPAL, made);
    expect([...alerter.schedule.everyMs]).toEqual([[made.id, 1000]]);
    await alerter.runner.changed(
      PRINCIPAL,
      await alerter.rules.replace(PRINCIPAL, made.id, buildRuleInput({ enabled: false })),
    );
    expect(alerter.schedule.everyMs.size).toBe(0);
  });

  it('ends the alerts of a deleted rule and tells it', async () => {
    const made = await alerter.rules.create(PRINCIPAL, buildRuleInput());
    alerter.reader.groups = leak;
    await alerter.runner.run(PRINCIPAL, made.id);
    await deliverAll();
    await alerter.runner.deleted(PRINCIPAL, await alerter.rules.delete(PRINCIPAL, made.id));
    await deliverAll();
    expect(alerter.notifier.sent.map(({ notice }) => notice.transition)).toEqual(['firing', 'resolved']);
  });

  it('takes off the schedule what is no rule any more', async () => {
    await alerter.schedule.set(PRINCIPAL, rule);
    expect(await alerter.runner.run(PRINCIPAL, rule.id)).toBe('not_a_rule');
    expect(alerter.schedule.everyMs.size).toBe(0);
  });

  it('reconciles: schedules what exists, ends what has no rule, forgets what is old', async () => {
    const made = await alerter.rules.create(PRINCIPAL, buildRuleInput());
    await alerter.alerts.save(PRINCIPAL, buildAlert({ id: 'orphan', ruleId: 'gone' }));
    await alerter.alerts.save(
      PRINCIPAL,
      buildAlert({ id: 'old', state: 'resolved', resolvedAt: NOW_MS - 31 * 86_400_000 }),
    );
    await alerter.runner.reconcile(PRINCIPAL);
    expect([...alerter.schedule.everyMs.keys()]).toEqual([made.id]);
    expect((await alerter.alerts.list(PRINCIPAL)).map(({ id, state }) => [id, state])).toEqual([
      ['orphan', 'resolved'],
    ]);
  });
});
