import { randomUUID } from 'node:crypto';
import type { EverflameFile } from '@everflame/contract';
import { DomainError } from '@everflame/profile';
import { InvalidConfigError, type Logger, type Principal, systemClock } from '@everflame/service-kit';
import { type Redis, RedisConnections } from '@everflame/service-kit/redis';
import type { ClickHouse } from '@everflame/storage';
import type { Worker } from 'bullmq';
import { BullNotificationQueue, startDeliveryWorker } from './adapters/bull-notification-queue.ts';
import { BullRuleSchedule, startEvaluationWorker } from './adapters/bull-rule-schedule.ts';
import { openDocuments } from './adapters/clickhouse-documents.ts';
import type { AlerterMetrics } from './adapters/metrics.ts';
import { type Reconciler, startReconciler } from './adapters/reconciler.ts';
import { RedisEvaluationStatuses } from './adapters/redis-evaluation-statuses.ts';
import { RedisRuleLock } from './adapters/redis-rule-lock.ts';
import { AlertViews } from './application/alert-views.ts';
import { type DeliveryAttempt, NotificationDelivery } from './application/deliver-notification.ts';
import { RuleEvaluator } from './application/evaluate-rule.ts';
import type { EvaluationStatuses } from './application/ports.ts';
import { ReceiverCatalog } from './application/receiver-catalog.ts';
import { RuleCatalog } from './application/rule-catalog.ts';
import { RuleRunner } from './application/rule-runner.ts';
import type { AlerterConfig } from './config.ts';
import type { Notifiers } from './notifiers/notifier.ts';
import { ClickHouseSeriesReader } from './rules/growth/clickhouse-series-reader.ts';
import { HttpGrowthExplainer } from './rules/growth/http-growth-explainer.ts';
import { openRuleKinds } from './rules/rule-kinds.ts';

export interface EngineParts {
  readonly clickhouse: ClickHouse;
  readonly notifiers: Notifiers;
  readonly metrics: AlerterMetrics;
  readonly logger: Logger;
}

/** Everything of the alerter that runs by itself: schedules, evaluations and deliveries. */
export class AlerterEngine {
  readonly rules: RuleCatalog;
  readonly receivers: ReceiverCatalog;
  readonly runner: RuleRunner;
  readonly statuses: EvaluationStatuses;
  readonly views: AlertViews;
  readonly redis: RedisConnections;
  readonly #documents: ReturnType<typeof openDocuments>;
  readonly #logger: Logger;
  readonly #workerRedis: Redis;
  readonly #schedule: BullRuleSchedule;
  readonly #notifications: BullNotificationQueue;
  readonly #delivery: NotificationDelivery;
  readonly #metrics: AlerterMetrics;
  readonly #config: AlerterConfig;
  /** Of what runs by itself. */
  readonly #principal: Principal;
  #workers: readonly Worker[] = [];
  #reconciler: Reconciler | undefined;

  /** Answers at once, and runs nothing by itself before `start`. */
  constructor(config: AlerterConfig, { clickhouse, notifiers, metrics, logger }: EngineParts) {
    const { queuePrefix: prefix, dashboardUrl } = config;
    this.#config = config;
    this.#metrics = metrics;
    this.#principal = { tenant: config.tenant };
    this.#logger = logger;
    this.redis = new RedisConnections({ url: config.redisUrl, whileAway: 'no rule is evaluated' }, logger);
    this.#workerRedis = this.redis.openWaiting();
    this.#schedule = new BullRuleSchedule(this.redis, prefix);
    this.#notifications = new BullNotificationQueue(this.redis, prefix);
    this.statuses = new RedisEvaluationStatuses(this.redis, prefix);
    this.#documents = openDocuments(clickhouse);
    const clock = systemClock;
    const kinds = openRuleKinds({
      reader: new ClickHouseSeriesReader(clickhouse),
      explainer: new HttpGrowthExplainer(config.queryUrl, config.queryTimeoutMs),
      dashboardUrl,
      logger,
    });
    this.rules = new RuleCatalog({ store: this.#documents.rules, clock, kinds, newId: randomUUID });
    this.receivers = new ReceiverCatalog({ store: this.#documents.receivers, clock, notifiers });
    const { alerts } = this.#documents;
    this.views = new AlertViews({ alerts, kinds, dashboardUrl });
    const shared = {
      alerts,
      kinds,
      receivers: this.receivers,
      views: this.views,
      notifications: this.#notifications,
      statuses: this.statuses,
      schedule: this.#schedule,
      lock: new RedisRuleLock(this.redis, prefix),
      clock,
      logger,
      newId: randomUUID,
    };
    this.#delivery = new NotificationDelivery(shared);
    this.runner = new RuleRunner({ ...shared, catalog: this.rules, evaluator: new RuleEvaluator(shared) });
  }

  /** Has the rules and receivers of a file replace those before. Changes nothing, and throws `InvalidConfigError`, where one is wrong. */
  useFile({ rules, receivers }: EverflameFile): void {
    try {
      const uses = [this.receivers.checkFile(receivers), this.rules.checkFile(rules)];
      for (const use of uses) use();
    } catch (error) {
      throw error instanceof DomainError ? new InvalidConfigError([error.message]) : error;
    }
    this.#reconciler?.hurry();
  }

  /** Brings what is stored to the newest version. Throws `schema_too_new` when a newer program has been here. */
  async upgradeDocuments(): Promise<void> {
    for (const documents of Object.values(this.#documents)) await documents.upgrade();
  }

  /** Begins to schedule, to evaluate and to deliver; needs the tables. What does not answer is tried again. */
  start(): void {
    const { queuePrefix: prefix, concurrency, reconcileEveryMs } = this.#config;
    this.#workers = [
      startEvaluationWorker(this.#workerRedis, { prefix, concurrency }, (tenant, ruleId) =>
        this.#evaluate(this.#principalOf(tenant), ruleId),
      ),
      startDeliveryWorker(this.#workerRedis, prefix, (tenant, attempt) =>
        this.#deliver(this.#principalOf(tenant), attempt),
      ),
    ];
    this.#reconciler = startReconciler(reconcileEveryMs, this.#logger, () => this.#reconcile());
  }

  /** Throws with the reason while the rules are not scheduled as they should be. */
  async checkSchedule(): Promise<void> {
    if (this.#reconciler === undefined) throw new Error('the rules have not been scheduled yet');
    await this.#reconciler.check();
  }

  /** Resolves when running work has ended (which cannot be awaited while Redis is away) and connections are closed. */
  async close(): Promise<void> {
    await this.#reconciler?.stop();
    const isRedisAway = this.redis.commands.status !== 'ready';
    await Promise.all(this.#workers.map((worker) => worker.close(isRedisAway)));
    await this.#schedule.close();
    await this.#notifications.close();
    this.redis.close();
  }

  #principalOf(tenant: string | undefined): Principal {
    return tenant === undefined ? this.#principal : { tenant };
  }

  async #evaluate(principal: Principal, ruleId: string): Promise<void> {
    const stop = this.#metrics.evaluationSeconds.startTimer();
    try {
      this.#metrics.evaluations.inc({ outcome: await this.runner.run(principal, ruleId) });
    } catch (error) {
      this.#metrics.evaluations.inc({ outcome: 'error' });
      throw error;
    } finally {
      stop();
    }
  }

  async #deliver(principal: Principal, attempt: DeliveryAttempt): Promise<void> {
    try {
      this.#metrics.notifications.inc({ outcome: await this.#delivery.deliver(principal, attempt) });
    } catch (error) {
      this.#metrics.notifications.inc({ outcome: 'failed' });
      throw error;
    }
  }

  async #reconcile(): Promise<void> {
    await this.runner.reconcile(this.#principal);
    this.#metrics.countAlerts(await this.#documents.alerts.list(this.#principal));
  }
}
