import { Worker } from 'node:worker_threads';
import type { FlattenAnswer, FlattenJob, FlattenSettings } from '../application/flatten/flatten-job.ts';
import { JobTime, type JobTimes } from '../application/flatten/job-time.ts';
import { cpuMsOf } from './thread-cpu.ts';

/**
 * An ArrayBuffer of this size or smaller may be a slice of one that Node shares between small buffers; a larger one
 * belongs to the message that it came with, because gRPC and Fastify join the parts of a message in a new buffer.
 */
const SHARED_POOL_BYTES = Buffer.poolSize;

/** A thread's heap; decoded profiles are outside it. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };

/** A job and what becomes of it. */
export interface PendingJob {
  readonly job: FlattenJob;
  readonly sender: string;
  readonly bytes: number;
  readonly onAnswer: (answer: FlattenAnswer) => void;
  readonly onFailure: (error: Error) => void;
}

/** What a thread is started with. */
export interface ThreadOptions {
  /** The compiled body of the thread. */
  readonly url: URL;
  readonly settings?: FlattenSettings;
  readonly times: JobTimes;
}

/** A worker thread and the jobs it was given, which it answers in order. */
export class FlattenThread {
  /** Resolves when the thread takes jobs; rejects when it ended before. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #jobs: PendingJob[] = [];
  readonly #time: JobTime;
  #bytes = 0;
  #taskId: number | undefined;
  #isReady = false;
  #isExpected = false;
  #error: unknown;

  /**
   * `onAnswered` is called after each answer; `onLost` when the thread ended without being told to, with why and with
   * the jobs it did not answer; it was working on the first of them.
   */
  constructor(
    { url, settings = {}, times }: ThreadOptions,
    onAnswered: () => void,
    onLost: (error: unknown, unanswered: readonly PendingJob[]) => void,
  ) {
    this.#time = new JobTime(times);
    this.#worker = new Worker(url, { resourceLimits: RESOURCE_LIMITS, workerData: settings });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.once('message', (ready: FlattenAnswer) => {
        this.#isReady = true;
        if (ready.kind === 'ready') this.#taskId = ready.taskId;
        resolve();
        this.#worker.on('message', (answer: FlattenAnswer) => {
          this.#take()?.onAnswer(answer);
          onAnswered();
        });
      });
      this.#worker.once('exit', () => reject(this.#lossError));
    });
    this.ready.catch(() => undefined);
    this.#worker.on('messageerror', (error) => this.#endOver(error));
    this.#worker.on('error', (error) => (this.#error ??= error));
    this.#worker.once('exit', () => {
      if (!this.#isExpected) onLost(this.#lossError, this.#jobs.splice(0));
    });
  }

  get jobCount(): number {
    return this.#jobs.length;
  }

  /** Bytes of profiles it was given and has not answered. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Gives it a job. The bytes of the first one are moved to it; those of one that has to wait are copied, so that it
   * can be given to another thread when this one ends over the job before.
   */
  post(pending: PendingJob): void {
    const { pprof } = pending.job;
    const isWaiting = this.#jobs.length > 0;
    const isOwned = pprof.buffer.byteLength > SHARED_POOL_BYTES && pprof.buffer instanceof ArrayBuffer;
    const bytes = isWaiting || !isOwned ? new Uint8Array(pprof) : pprof;
    this.#jobs.push(pending);
    this.#bytes += pending.bytes;
    this.#worker.postMessage({ ...pending.job, pprof: bytes }, [bytes.buffer as ArrayBuffer]);
  }

  /** Looks at how long it has been at the first of its jobs, and ends it when that is too long. */
  look(): void {
    if (!this.#isReady || this.#jobs.length === 0) return;
    const error = this.#time.look(this.#taskId === undefined ? undefined : cpuMsOf(this.#taskId));
    if (error !== undefined) this.#endOver(error);
  }

  async end(): Promise<void> {
    this.#isExpected = true;
    await this.#worker.terminate();
  }

  get #lossError(): unknown {
    return this.#error ?? new Error('The thread ended.');
  }

  #endOver(error: unknown): void {
    this.#error = error;
    void this.#worker.terminate();
  }

  #take(): PendingJob | undefined {
    const first = this.#jobs.shift();
    this.#bytes -= first?.bytes ?? 0;
    this.#time.restart();
    return first;
  }
}
