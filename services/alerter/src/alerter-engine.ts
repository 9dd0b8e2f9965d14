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
import { redisEvaluationStatuses } from './adapters/redis-evaluation-statuses.ts';
import { redisRuleLock } from './adapters/redis-rule-lock.ts';
import { type DeliveryAttempt, NotificationDelivery } from './application/deliver-notification.ts';
import type { AlertStore, EvaluationStatuses } from './application/ports.ts';
import { ReceiverCatalog } from './application/receiver-catalog.ts';
import { RuleCatalog } from './application/rule-catalog.ts';
import { RuleRunner } from './application/rule-runner.ts';
import type { AlerterConfig } from './config.ts';
import type { Notifiers } from './notifiers/notifier.ts';
import { ClickHouseSeriesReader } from './rules/growth/clickhouse-series-reader.ts';
import { HttpGrowthExplainer } from './rules/growth/http-growth-explainer.ts';
import type { RuleKinds } from './rules/rule-kind.ts';
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
  readonly alerts: AlertStore;
  readonly kinds: RuleKinds;
  readonly runner: RuleRunner;
  readonly statuses: EvaluationStatuses;
  readonly redis: RedisConnections;
  readonly #documents: ReturnType<typeof openDocuments>;
  readonly #workerRedis: Redis;
  readonly #schedule: BullRuleSchedule;
  readonly #notifications: BullNotificationQueue;
  readonly #delivery: NotificationDelivery;
  readonly #parts: EngineParts;
  readonly #config: AlerterConfig;
  /** Of what runs by itself. */
  readonly #principal: Principal;
  #workers: readonly Worker[] = [];
  #reconciler: Reconciler | undefined;

  /** Answers at once, and runs nothing by itself before `start`. */
  constructor(config: AlerterConfig, parts: EngineParts) {
    const { queuePrefix: prefix, dashboardUrl } = config;
    const { clickhouse, notifiers, logger } = parts;
    this.#config = config;
    this.#parts = parts;
    this.#principal = { tenant: config.tenant };
    this.redis = new RedisConnections({ url: config.redisUrl, whileAway: 'no rule is evaluated' }, logger);
    this.#workerRedis = this.redis.openWaiting();
    this.#schedule = new BullRuleSchedule(this.redis, prefix);
    this.#notifications = new BullNotificationQueue(this.redis, prefix);
    this.statuses = redisEvaluationStatuses(this.redis, prefix);
    this.#documents = openDocuments(clickhouse);
    this.alerts = this.#documents.alerts;
    const shared = { clock: systemClock, logger, dashboardUrl, newId: randomUUID };
    this.kinds = openRuleKinds({
      ...shared,
      reader: new ClickHouseSeriesReader(clickhouse),
      explainer: new HttpGrowthExplainer(config.queryUrl, config.queryTimeoutMs),
    });
    const { kinds, alerts, statuses } = this;
    this.rules = new RuleCatalog({ ...shared, store: this.#documents.rules, kinds });
    this.receivers = new ReceiverCatalog({ ...shared, store: this.#documents.receivers, notifiers });
    const { rules, receivers } = this;
    const running = {
      ...shared,
      alerts,
      kinds,
      rules,
      receivers,
      statuses,
      notifications: this.#notifications,
      schedule: this.#schedule,
      lock: redisRuleLock(this.redis, prefix),
    };
    this.#delivery = new NotificationDelivery(running);
    this.runner = new RuleRunner(running);
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
    const place = { connection: this.#workerRedis, prefix };
    this.#workers = [
      startEvaluationWorker({ ...place, concurrency }, (tenant, ruleId) =>
        this.#evaluate(this.#principalOf(tenant), ruleId),
      ),
      startDeliveryWorker(place, (tenant, attempt) => this.#deliver(this.#principalOf(tenant), attempt)),
    ];
    this.#reconciler = startReconciler(reconcileEveryMs, this.#parts.logger, () => this.#reconcile());
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
    const { evaluations, evaluationSeconds } = this.#parts.metrics;
    const stop = evaluationSeconds.startTimer();
    await countOutcome(evaluations, 'error', () => this.runner.run(principal, ruleId)).finally(stop);
  }

  async #deliver(principal: Principal, attempt: DeliveryAttempt): Promise<void> {
    const { notifications } = this.#parts.metrics;
    await countOutcome(notifications, 'failed', () => this.#delivery.deliver(principal, attempt));
  }

  async #reconcile(): Promise<void> {
    await this.runner.reconcile(this.#principal);
    this.#parts.metrics.countAlerts(await this.alerts.list(this.#principal));
  }
}

/** Counts what `work` comes to, or that it throws. */
async function countOutcome(
  counter: AlerterMetrics['evaluations'],
  failed: string,
  work: () => Promise<string>,
): Promise<void> {
  try {
    counter.inc({ outcome: await work() });
  } catch (error) {
    counter.inc({ outcome: failed });
    throw error;
  }
}
