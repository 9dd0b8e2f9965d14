import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { askRedis } from './redis-connection.ts';
import { isFarAhead } from './schedule-time.ts';

const QUEUE = 'alerter-rollups';
const JOB = 'rollup';
/** A job is not repeated: the next one continues. */
const JOB_OPTIONS = { attempts: 1, removeOnComplete: true, removeOnFail: { count: 10 } };

/** One BullMQ job scheduler for all alerters. */
export class BullRollupSchedule {
  readonly #redis: Redis;
  readonly #queue: Queue;

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#queue = new Queue(QUEUE, { connection: redis, prefix });
    this.#queue.on('error', () => undefined);
  }

  /** Has the job run every `everyMs`. A schedule that is right is left alone: setting it would move its next run. */
  async reconcile(everyMs: number): Promise<void> {
    await askRedis(this.#redis, async () => {
      const scheduler = await this.#queue.getJobScheduler(JOB);
      if (Number(scheduler?.every) === everyMs && !isFarAhead(scheduler?.next, everyMs)) return;
      // Where its next job is kept, so is the time of that.
      if (scheduler !== undefined) await this.#queue.removeJobScheduler(JOB);
      await this.#queue.upsertJobScheduler(JOB, { every: everyMs }, { name: JOB, opts: JOB_OPTIONS });
    });
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }
}

/** Runs the job as it comes due, once over all alerters. */
export function startRollupWorker(redis: Redis, prefix: string, run: () => Promise<void>): Worker {
  const worker = new Worker(QUEUE, () => run(), { connection: redis, prefix, concurrency: 1 });
  // The connection reports outages; without a listener they would end the process.
  worker.on('error', () => undefined);
  return worker;
}
