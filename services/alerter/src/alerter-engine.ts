import { randomUUID } from 'node:crypto';
import { type Logger, systemClock } from '@everflame/service-kit';
import type { ClickHouse } from '@everflame/storage';
import type { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { BullNotificationQueue, startDeliveryWorker } from './adapters/bull-notification-queue.ts';
import { BullRuleSchedule, startEvaluationWorker } from './adapters/bull-rule-schedule.ts';
import { ClickHouseAlertStore } from './adapters/clickhouse-alert-store.ts';
import { ClickHouseSeriesReader } from './rules/growth/clickhouse-series-reader.ts';
import { HttpGrowthExplainer } from './rules/growth/http-growth-explainer.ts';
import { HttpWebhookNotifier } from './notifiers/webhook/webhook-notifier.ts';
import { AlerterMetrics } from './adapters/metrics.ts';
import { type Reconciler, startReconciler } from './adapters/reconciler.ts';
import { askRedis, openRedis, openWorkerRedis } from './adapters/redis-connection.ts';
import { RedisEvaluationStatuses } from './adapters/redis-evaluation-statuses.ts';
import { RedisRuleLock } from './adapters/redis-rule-lock.ts';
import { type DeliveryAttempt, NotificationDelivery } from './application/deliver-notification.ts';
import { RuleEvaluator } from './application/evaluate-rule.ts';
import type { AlertStore, EvaluationStatuses } from './application/ports.ts';
import type { RuleCatalog } from './application/rule-catalog.ts';
import { RuleRunner } from './application/rule-runner.ts';
import type { AlerterConfig } from './config.ts';

/** Everything of the alerter that runs by itself: schedules, evaluations and deliveries. */
export class AlerterEngine {
  readonly metrics = new AlerterMetrics();
  readonly catalog: RuleCatalog;
  readonly runner: RuleRunner;
  readonly statuses: EvaluationStatuses;
  readonly alerts: AlertStore;
  readonly #logger: Logger;
  readonly #redis: Redis;
  readonly #workerRedis: Redis;
  readonly #schedule: BullRuleSchedule;
  readonly #notifications: BullNotificationQueue;
  readonly #delivery: NotificationDelivery;
  readonly #config: AlerterConfig;
  #workers: readonly Worker[] = [];
  #reconciler: Reconciler | undefined;

  /** Answers at once, and runs nothing by itself before `start`. */
  constructor(config: AlerterConfig, clickhouse: ClickHouse, catalog: RuleCatalog, logger: Logger) {
    const { redisUrl, queuePrefix: prefix, dashboardUrl } = config;
    this.catalog = catalog;
    this.#config = config;
    this.#logger = logger;
    this.#redis = openRedis(redisUrl, logger);
    this.#workerRedis = openWorkerRedis(redisUrl, logger);
    this.#schedule = new BullRuleSchedule(this.#redis, prefix);
    this.#notifications = new BullNotificationQueue(this.#redis, prefix);
    this.statuses = new RedisEvaluationStatuses(this.#redis, prefix);
    this.alerts = new ClickHouseAlertStore(clickhouse, config.tenant);
    const shared = {
      alerts: this.alerts,
      notifications: this.#notifications,
      statuses: this.statuses,
      lock: new RedisRuleLock(this.#redis, prefix),
      clock: systemClock,
      logger,
      dashboardUrl,
    };
    const evaluator = new RuleEvaluator({
      ...shared,
      reader: new ClickHouseSeriesReader(clickhouse, config.tenant),
      explainer: new HttpGrowthExplainer(config.queryUrl, config.queryTimeoutMs),
      newId: randomUUID,
    });
    this.#delivery = new NotificationDelivery({
      ...shared,
      notifier: new HttpWebhookNotifier(config.webhookTimeoutMs),
    });
    this.runner = new RuleRunner({ ...shared, catalog, evaluator, schedule: this.#schedule });
  }

  /** Begins to schedule, to evaluate and to deliver; needs the tables. What does not answer is tried again. */
  start(): void {
    const { queuePrefix: prefix, concurrency, reconcileEveryMs } = this.#config;
    const work = { prefix, concurrency };
    this.#workers = [
      startEvaluationWorker(this.#workerRedis, work, (ruleId) => this.#evaluate(ruleId)),
      startDeliveryWorker(this.#workerRedis, prefix, (attempt) => this.#deliver(attempt)),
    ];
    this.#reconciler = startReconciler(reconcileEveryMs, this.#logger, () => this.#reconcile());
  }

  async checkRedis(): Promise<void> {
    await askRedis(this.#redis, () => this.#redis.ping());
  }

  /** Throws with the reason while the rules are not scheduled as they should be. */
  async checkSchedule(): Promise<void> {
    if (this.#reconciler === undefined) throw new Error('the rules have not been scheduled yet');
    await this.#reconciler.check();
  }

  /** Resolves when running work has ended (which cannot be awaited while Redis is away) and connections are closed. */
  async close(): Promise<void> {
    await this.#reconciler?.stop();
    const isRedisAway = this.#redis.status !== 'ready';
    await Promise.all(this.#workers.map((worker) => worker.close(isRedisAway)));
    await this.#schedule.close();
    await this.#notifications.close();
    this.#redis.disconnect();
    this.#workerRedis.disconnect();
  }

  async #evaluate(ruleId: string): Promise<void> {
    const stop = this.metrics.evaluationSeconds.startTimer();
    try {
      this.metrics.evaluations.inc({ outcome: await this.runner.run(ruleId) });
    } catch (error) {
      this.metrics.evaluations.inc({ outcome: 'error' });
      throw error;
    } finally {
      stop();
    }
  }

  async #deliver(attempt: DeliveryAttempt): Promise<void> {
    try {
      this.metrics.notifications.inc({ outcome: await this.#delivery.deliver(attempt) });
    } catch (error) {
      this.metrics.notifications.inc({ outcome: 'failed' });
      throw error;
    }
  }

  async #reconcile(): Promise<void> {
    await this.runner.reconcile();
    this.metrics.countAlerts(await this.alerts.list());
  }
}
