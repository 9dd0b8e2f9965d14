import { type Logger, Repeating } from '@everflame/service-kit';
import type { Redis } from '@everflame/service-kit/redis';
import { type JobSchedulerJson, Queue, Worker } from 'bullmq';
import { scheduleOffsetMs, type Target } from '../application/target.ts';
import type { TargetSet } from '../application/target-set.ts';

const QUEUE = 'scrapes';
const REPAIR_INTERVAL_MS = 30_000;
const RETRY_MS = 1000;
/**
 * A schedule this late is not waiting for its turn; it has lost its next job. One this early was made by a clock that was
 * set back since.
 */
const LOST_AFTER_INTERVALS = 3;

interface ScrapeJob {
  readonly targetId: string;
}

/** What a `ScrapeSchedule` works with. */
export interface ScrapeScheduleParts {
  /** A connection that waits while Redis is away (`maxRetriesPerRequest: null`); it stays open after `close`. */
  readonly redis: Redis;
  readonly prefix: string;
  readonly concurrency: number;
  readonly targets: TargetSet;
  readonly logger: Logger;
  readonly onDue: (targetId: string) => Promise<void>;
}

/**
 * One BullMQ job scheduler per target. Schedules live in Redis: they survive restarts, and several scrapers share them
 * without scraping a target twice. A scrape that fails is not retried; the next interval is the retry.
 */
export class ScrapeSchedule {
  readonly #queue: Queue<ScrapeJob>;
  readonly #worker: Worker<ScrapeJob>;
  readonly #parts: ScrapeScheduleParts;
  #repairing: Repeating | undefined;
  #isClosed = false;
  #hasFailed = false;
  /** Whether there may be schedules of targets that this scraper does not have any more. */
  #mayHaveOthers = true;

  constructor(parts: ScrapeScheduleParts) {
    this.#parts = parts;
    const { redis: connection, prefix } = parts;
    this.#queue = new Queue(QUEUE, { connection, prefix });
    this.#worker = new Worker(QUEUE, (job) => parts.onDue(job.data.targetId), {
      connection,
      prefix,
      concurrency: parts.concurrency,
      autorun: false,
      runRetryDelay: RETRY_MS,
      // A scrape that was cut off by a crash is not repeated: its interval is over.
      maxStalledCount: 0,
    });
    this.#queue.on('error', (error) => this.#complain(error));
    this.#worker.on('error', (error) => this.#complain(error));
  }

  /**
   * Starts taking due targets, and brings the schedules into agreement with the targets: now, when these change, whenever
   * Redis comes back (it may have lost the schedules), and every 30 s.
   */
  start(): void {
    this.#parts.redis.on('ready', this.#onReady);
    this.#parts.targets.onChange(() => {
      this.#mayHaveOthers = true;
      this.#repairing?.hurry();
    });
    this.#worker.run().catch((error: unknown) => this.#complain(error));
    this.#repairing = new Repeating((signal) => this.#repair(signal));
  }

  /** Takes no more jobs and waits for those that run. */
  async close(): Promise<void> {
    this.#parts.redis.off('ready', this.#onReady);
    this.#isClosed = true;
    await Promise.all([this.#worker.close(), this.#repairing?.stop()]);
    await this.#queue.close();
  }

  readonly #onReady = (): void => this.#repairing?.hurry();

  async #repair(signal: AbortSignal): Promise<number> {
    try {
      await this.#reconcile(signal);
      return REPAIR_INTERVAL_MS;
    } catch (error) {
      this.#complain(error);
      return RETRY_MS;
    }
  }

  async #reconcile(signal: AbortSignal): Promise<void> {
    const schedulers = await this.#queue.getJobSchedulers(0, -1);
    const present = new Map(schedulers.map((scheduler) => [scheduler.key, scheduler]));
    for (const target of this.#parts.targets) {
      if (this.#isClosed) return;
      const scheduler = present.get(target.id);
      if (isInOrder(scheduler, target)) continue;
      // Where its next job is kept, so is the time of that.
      if (scheduler !== undefined) await this.#queue.removeJobScheduler(target.id);
      await this.#upsert(target);
    }
    // Another scraper may have targets that this one has not heard of yet: theirs are left alone at other times.
    if (this.#mayHaveOthers) {
      const others = schedulers.filter(({ key }) => !this.#parts.targets.has(key));
      for (const { key } of others) await this.#queue.removeJobScheduler(key);
      this.#mayHaveOthers = signal.aborted;
    }
    if (this.#hasFailed) this.#parts.logger.info('scrapes are scheduled again');
    this.#hasFailed = false;
  }

  async #upsert(target: Target): Promise<void> {
    await this.#queue.upsertJobScheduler(
      target.id,
      { every: target.intervalMs, offset: scheduleOffsetMs(target) },
      {
        name: 'scrape',
        data: { targetId: target.id },
        opts: { removeOnComplete: true, removeOnFail: true, attempts: 1 },
      },
    );
  }

  #complain(error: unknown): void {
    // An outage is said by the connections.
    if (this.#isClosed || this.#hasFailed || this.#parts.redis.status !== 'ready') return;
    this.#hasFailed = true;
    this.#parts.logger.warn({ err: error }, 'scrapes cannot be scheduled');
  }
}

function isInOrder(scheduler: JobSchedulerJson<ScrapeJob> | undefined, target: Target): boolean {
  if (scheduler?.every !== target.intervalMs || scheduler.offset !== scheduleOffsetMs(target)) return false;
  return Math.abs((scheduler.next ?? 0) - Date.now()) < LOST_AFTER_INTERVALS * target.intervalMs;
}
