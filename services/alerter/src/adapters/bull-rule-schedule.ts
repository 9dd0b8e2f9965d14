import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { RuleSchedule } from '../application/ports.ts';
import type { KnownRule } from '../documents/rule-document.ts';
import { askRedis } from './redis-connection.ts';
import { isFarAhead } from './schedule-time.ts';

const QUEUE = 'alerter-evaluations';
/** Evaluations are not repeated: the next one follows at the rule's interval. */
const JOB_OPTIONS = { attempts: 1, removeOnComplete: true, removeOnFail: { count: 100 } };

/** One BullMQ job scheduler per enabled rule, under the id of the rule. */
export class BullRuleSchedule extends RuleSchedule {
  readonly #redis: Redis;
  readonly #queue: Queue<{ ruleId: string }>;

  constructor(redis: Redis, prefix: string) {
    super();
    this.#redis = redis;
    this.#queue = new Queue(QUEUE, { connection: redis, prefix });
    this.#queue.on('error', () => undefined);
  }

  async set(rule: KnownRule): Promise<void> {
    if (!rule.enabled) return this.remove(rule.id);
    const template = { name: 'evaluate', data: { ruleId: rule.id }, opts: JOB_OPTIONS };
    await askRedis(this.#redis, () =>
      this.#queue.upsertJobScheduler(rule.id, { every: rule.evaluateEveryMs }, template),
    );
  }

  async remove(ruleId: string): Promise<void> {
    await askRedis(this.#redis, () => this.#queue.removeJobScheduler(ruleId));
  }

  async reconcile(rules: readonly KnownRule[]): Promise<void> {
    const wanted = new Map(rules.filter((rule) => rule.enabled).map((rule) => [rule.id, rule]));
    const schedulers = await askRedis(this.#redis, () => this.#queue.getJobSchedulers(0, -1));
    const present = new Map(schedulers.map((scheduler) => [scheduler.key, scheduler]));
    for (const [id, { next }] of present) {
      const rule = wanted.get(id);
      if (rule !== undefined && !isFarAhead(next, rule.evaluateEveryMs)) continue;
      await this.remove(id);
      present.delete(id);
    }
    // Setting a schedule again would move its next run.
    for (const rule of wanted.values()) {
      if (Number(present.get(rule.id)?.every) !== rule.evaluateEveryMs) await this.set(rule);
    }
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }
}

/** Runs evaluations as they come due; over all alerters each runs once. */
export function startEvaluationWorker(
  redis: Redis,
  options: { readonly prefix: string; readonly concurrency: number },
  run: (ruleId: string) => Promise<void>,
): Worker {
  const worker = new Worker<{ ruleId: string }>(QUEUE, (job) => run(job.data.ruleId), {
    connection: redis,
    prefix: options.prefix,
    concurrency: options.concurrency,
  });
  // The connection reports outages; without a listener they would end the process.
  worker.on('error', () => undefined);
  return worker;
}
