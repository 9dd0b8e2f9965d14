import type { Principal } from '@everflame/service-kit';
import type { RedisConnections } from '@everflame/service-kit/redis';
import type { Queue, Worker } from 'bullmq';
import type { RuleSchedule } from '../application/ports.ts';
import { openQueue, type QueuePlace, startWorker } from './bull-queues.ts';
import type { KnownRule } from '../documents/rule-document.ts';

const QUEUE = 'alerter-evaluations';
/** Evaluations are not repeated: the next one follows at the rule's interval. */
const JOB_OPTIONS = { attempts: 1, removeOnComplete: true, removeOnFail: { count: 100 } };

/** `tenant` is absent in jobs of older versions, which knew one. */
interface EvaluationJob {
  readonly tenant?: string;
  readonly ruleId: string;
}

/** One BullMQ job scheduler per enabled rule. */
export class BullRuleSchedule implements RuleSchedule {
  readonly #redis: RedisConnections;
  readonly #queue: Queue<EvaluationJob>;

  constructor(redis: RedisConnections, prefix: string) {
    this.#redis = redis;
    this.#queue = openQueue(QUEUE, { connection: redis.commands, prefix });
  }

  async set(principal: Principal, rule: KnownRule): Promise<void> {
    if (!rule.enabled) return this.remove(principal, rule.id);
    const data = { tenant: principal.tenant, ruleId: rule.id };
    await this.#redis.ask(() =>
      this.#queue.upsertJobScheduler(
        schedulerId(principal, rule.id),
        { every: rule.evaluateEveryMs },
        { name: 'evaluate', data, opts: JOB_OPTIONS },
      ),
    );
  }

  async remove(principal: Principal, ruleId: string): Promise<void> {
    await this.#redis.ask(() => this.#queue.removeJobScheduler(schedulerId(principal, ruleId)));
  }

  async reconcile(principal: Principal, rules: readonly KnownRule[]): Promise<void> {
    const { tenant } = principal;
    const enabled = rules.filter((rule) => rule.enabled);
    const wanted = new Map(enabled.map((rule) => [schedulerId(principal, rule.id), rule]));
    const schedulers = await this.#redis.ask(() => this.#queue.getJobSchedulers(0, -1));
    const ours = schedulers.filter(({ template }) => (template?.data?.tenant ?? tenant) === tenant);
    const present = new Map(ours.map((scheduler) => [scheduler.key, scheduler]));
    for (const [id, { next }] of present) {
      const rule = wanted.get(id);
      if (rule !== undefined && !isFarAhead(next, rule.evaluateEveryMs)) continue;
      await this.#redis.ask(() => this.#queue.removeJobScheduler(id));
      present.delete(id);
    }
    // Setting a schedule again would move its next run.
    for (const [id, rule] of wanted) {
      if (Number(present.get(id)?.every) !== rule.evaluateEveryMs) await this.set(principal, rule);
    }
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }
}

/** Rules of the file have one id for all tenants. */
function schedulerId({ tenant }: Principal, ruleId: string): string {
  return `rule-${tenant}-${ruleId}`;
}

/** Whether a schedule was made by a clock that was set back since: its next run is further ahead than it can be. */
function isFarAhead(nextMs: number | undefined, everyMs: number): boolean {
  return (nextMs ?? 0) > Date.now() + 2 * everyMs;
}

/** Runs evaluations as they come due. */
export function startEvaluationWorker(
  options: QueuePlace & { readonly concurrency: number },
  run: (tenant: string | undefined, ruleId: string) => Promise<void>,
): Worker {
  return startWorker<EvaluationJob>(QUEUE, options, (job) => run(job.data.tenant, job.data.ruleId));
}
