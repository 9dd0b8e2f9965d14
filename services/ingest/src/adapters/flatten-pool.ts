import { DomainError, UnavailableError } from '@everflame/profile';
import type { Logger } from '@everflame/service-kit';
import {
  type FlattenedProfile,
  FlattenFailedError,
  Flattening,
  type FlattenJob,
  profileOfAnswer,
} from '../application/flatten/flatten-job.ts';
import { JobTime } from '../application/flatten/job-time.ts';
import { FairQueue } from '../application/limits/fair-queue.ts';
import type { RetentionRules } from '../application/retention.ts';
import { FlattenThread, type PendingJob, type ThreadOptions } from './flatten-thread.ts';

export interface FlattenPoolOptions extends ThreadOptions {
  readonly threads: number;
  /** Called when a thread ended without being told to. */
  readonly onLost?: () => void;
}

/** Jobs that a thread is given ahead, so that it does not wait for this thread between two. */
const MAX_JOBS_AHEAD = 16;
const MAX_BYTES_AHEAD = 4 * 1024 * 1024;
/** A thread that ends at once, again and again, is started again at this pace. */
const RESTART_DELAY_MS = 100;

/**
 * Flattens in worker threads. Each job goes to the thread with the fewest bytes to do. A job that a thread ends over is
 * refused, the thread replaced, and the jobs behind it given to others.
 */
export class FlattenPool extends Flattening {
  #options: FlattenPoolOptions;
  readonly #logger: Logger;
  readonly #threads: FlattenThread[] = [];
  readonly #queue = new FairQueue<PendingJob>();
  readonly #clock: NodeJS.Timeout;
  readonly #restarts = new Set<NodeJS.Timeout>();
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  private constructor(options: FlattenPoolOptions, logger: Logger) {
    super();
    this.#options = options;
    this.#logger = logger;
    this.#clock = setInterval(() => {
      for (const thread of this.#threads) thread.look();
    }, JobTime.everyMs(options.times));
    this.#clock.unref();
  }

  /** Starts the threads; throws what ends one of them before it takes jobs. */
  static async start(options: FlattenPoolOptions, logger: Logger): Promise<FlattenPool> {
    const pool = new FlattenPool(options, logger);
    const threads = Array.from({ length: options.threads }, () => pool.#startThread());
    try {
      await Promise.all(threads.map((thread) => thread.ready));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  override flatten(job: FlattenJob, sender = ''): Promise<FlattenedProfile> {
    if (this.#isClosed) {
      return Promise.reject(new UnavailableError('shutting_down', 'The ingest service is stopping.'));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push(sender, {
        job,
        sender,
        bytes: job.pprof.length,
        onAnswer: (answer) => {
          try {
            resolve(profileOfAnswer(answer));
          } catch (error) {
            reject(error);
          }
        },
        onFailure: reject,
      });
      this.#dispatch();
    });
  }

  /** What comes from now on is kept for as long as these rules say. */
  useRetention(retention: RetentionRules): void {
    this.#options = { ...this.#options, settings: { ...this.#options.settings, retention } };
    for (const thread of this.#threads) thread.useRetention(retention);
  }

  /** Takes no more and waits for what is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (!this.#isIdle) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    clearInterval(this.#clock);
    for (const timer of this.#restarts) clearTimeout(timer);
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }

  get #isIdle(): boolean {
    return this.#queue.size === 0 && this.#threads.every((thread) => thread.jobCount === 0);
  }

  #startThread(): FlattenThread {
    const thread = new FlattenThread(
      this.#options,
      () => this.#dispatch(),
      (error, unanswered) => this.#replace(thread, error, unanswered),
    );
    this.#threads.push(thread);
    this.#dispatch();
    return thread;
  }

  #replace(thread: FlattenThread, error: unknown, unanswered: readonly PendingJob[]): void {
    this.#threads.splice(this.#threads.indexOf(thread), 1);
    this.#options.onLost?.();
    const [culprit, ...innocent] = unanswered;
    this.#logger.error(
      { err: error, labels: culprit?.job.labels, bytes: culprit?.bytes },
      culprit === undefined ? 'a flattening thread ended' : 'a flattening thread ended over a profile',
    );
    if (this.#isClosed && unanswered.length === 0) return;
    culprit?.onFailure(error instanceof DomainError ? error : new FlattenFailedError(error));
    for (const pending of innocent.toReversed()) this.#queue.unshift(pending.sender, pending);
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#startThread();
    }, RESTART_DELAY_MS);
    this.#restarts.add(timer);
    this.#dispatch();
  }

  #dispatch(): void {
    while (this.#queue.size > 0) {
      const thread = this.#leastBusy();
      if (thread === undefined) break;
      const pending = this.#queue.shift();
      if (pending !== undefined) thread.post(pending);
    }
    if (this.#onIdle !== undefined && this.#isIdle) this.#onIdle();
  }

  #leastBusy(): FlattenThread | undefined {
    let best: FlattenThread | undefined;
    for (const thread of this.#threads) {
      const isFull = thread.jobCount >= MAX_JOBS_AHEAD || thread.bytes >= MAX_BYTES_AHEAD;
      if (!isFull && (best === undefined || thread.bytes < best.bytes)) best = thread;
    }
    return best;
  }
}
