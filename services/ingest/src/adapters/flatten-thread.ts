import { WorkerThread } from '@everflame/service-kit';
import type {
  FlattenAnswer,
  FlattenJob,
  FlattenMessage,
  FlattenSettings,
  ThreadReady,
} from '../application/flatten/flatten-job.ts';
import { JobTime, type JobTimes } from '../application/flatten/job-time.ts';
import type { RetentionRules } from '../application/retention.ts';
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
  readonly body: URL | string;
  readonly settings?: FlattenSettings;
  readonly times: JobTimes;
}

/** A thread that flattens, and the jobs it was given, which it answers in order. It is not used again after it is lost. */
export class FlattenThread {
  /** Resolves when the thread takes jobs; rejects when it ended before. */
  readonly ready: Promise<void>;
  readonly #worker: WorkerThread<FlattenMessage, FlattenAnswer, ThreadReady>;
  readonly #onAnswered: () => void;
  readonly #jobs: PendingJob[] = [];
  readonly #time: JobTime;
  #bytes = 0;
  #taskId: number | undefined;
  #isReady = false;

  /**
   * `onAnswered` is called after each answer; `onLost` when the thread ended without being told to, with why and with
   * the jobs it did not answer; it was working on the first of them.
   */
  constructor(
    { body, settings = {}, times }: ThreadOptions,
    onAnswered: () => void,
    onLost: (reason: Error, unanswered: readonly PendingJob[]) => void,
  ) {
    this.#time = new JobTime(times);
    this.#onAnswered = onAnswered;
    this.#worker = new WorkerThread({
      body,
      workerData: settings,
      resourceLimits: RESOURCE_LIMITS,
      onLost: (reason) => onLost(reason, this.#jobs.splice(0)),
    });
    this.ready = this.#worker.start().then(({ taskId }) => {
      this.#taskId = taskId;
      this.#isReady = true;
    });
    this.ready.catch(() => undefined);
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
    this.#worker.ask({ ...pending.job, pprof: bytes }, [bytes.buffer as ArrayBuffer]).then(
      (answer) => this.#settle(answer),
      // What becomes of the job is decided in `onLost`.
      () => undefined,
    );
  }

  /** What it is given from now on is kept for as long as these rules say. */
  useRetention(rules: RetentionRules): void {
    this.#worker.tell(rules);
  }

  /** Looks at how long it has been at the first of its jobs, and ends it when that is too long. */
  look(): void {
    if (!this.#isReady || this.#jobs.length === 0) return;
    const error = this.#time.look(this.#taskId === undefined ? undefined : cpuMsOf(this.#taskId));
    if (error !== undefined) this.#worker.endOver(error);
  }

  end(): Promise<void> {
    return this.#worker.close();
  }

  #settle(answer: FlattenAnswer): void {
    const first = this.#jobs.shift();
    this.#bytes -= first?.bytes ?? 0;
    this.#time.restart();
    first?.onAnswer(answer);
    this.#onAnswered();
  }
}
