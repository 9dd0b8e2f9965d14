import { type ResourceLimits, type Transferable, Worker } from 'node:worker_threads';

export interface WorkerThreadOptions {
  /** The compiled body of the thread, which calls `serveJobs`. */
  readonly body: URL | string;
  readonly workerData?: unknown;
  readonly resourceLimits?: ResourceLimits;
  /** Hears why a thread ended that was not closed, before the jobs it has not answered fail for the same reason. */
  readonly onLost?: (reason: Error) => void;
}

interface Pending<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: Error) => void;
}

/**
 * A worker thread that answers jobs in their order. It starts with the first job, and again with the next one after it
 * was lost. The process does not end while it has a job, and does not stay for it when it has none.
 */
export class WorkerThread<Job, Answer, Ready = unknown> {
  readonly #options: WorkerThreadOptions;
  /** In the order of the jobs, which is that of the answers. */
  readonly #pending: Pending<Answer>[] = [];
  #worker: Worker | undefined;
  #ready: Promise<Ready> | undefined;
  #reason: Error | undefined;
  #isClosed = false;

  constructor(options: WorkerThreadOptions) {
    this.#options = options;
  }

  /**
   * Starts the thread where none runs. Resolves with what the thread says when it takes jobs; rejects when it ends before
   * that. A job may be given without waiting for it.
   */
  async start(): Promise<Ready> {
    if (this.#isClosed) throw new Error('The thread is closed.');
    return (this.#ready ??= this.#begin());
  }

  /** The answer to a job; rejects with why the thread ended instead. */
  ask(job: Job, moved: readonly Transferable[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.start().catch(reject);
      if (this.#worker === undefined) return;
      this.#worker.postMessage(job, moved);
      this.#worker.ref();
      this.#pending.push({ resolve, reject });
    });
  }

  /** Says something that has no answer to a thread that runs. */
  tell(message: Job): void {
    this.#worker?.postMessage(message);
  }

  /** Ends the thread, which is lost for this reason. */
  endOver(reason: Error): void {
    this.#reason ??= reason;
    void this.#worker?.terminate();
  }

  /** Ends the thread for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
  }

  #begin(): Promise<Ready> {
    const { body, workerData, resourceLimits = {} } = this.#options;
    // Compiled code needs no flag that this process may run with, such as where to find sources.
    const worker = new Worker(body, { execArgv: [], workerData, resourceLimits });
    this.#worker = worker;
    worker.on('messageerror', (error) => this.endOver(error));
    worker.on('error', (error: Error) => (this.#reason ??= error));
    const ready = new Promise<Ready>((resolve, reject) => {
      worker.once('message', (message: Ready) => {
        resolve(message);
        if (this.#pending.length === 0) worker.unref();
        worker.on('message', (answer: Answer) => this.#settle(answer));
      });
      worker.once('exit', () => reject(this.#lose()));
    });
    // Those who do not wait for it hear of it by their jobs.
    ready.catch(() => undefined);
    return ready;
  }

  #settle(answer: Answer): void {
    this.#pending.shift()?.resolve(answer);
    if (this.#pending.length === 0) this.#worker?.unref();
  }

  #lose(): Error {
    const reason = this.#reason ?? new Error(this.#isClosed ? 'The thread is closed.' : 'The thread ended.');
    this.#worker = undefined;
    this.#ready = undefined;
    this.#reason = undefined;
    const isUnexpected = !this.#isClosed;
    const unanswered = this.#pending.splice(0);
    // The last answers came just now: those who await them hear of them first.
    queueMicrotask(() => {
      if (isUnexpected) this.#options.onLost?.(reason);
      for (const { reject } of unanswered) reject(reason);
    });
    return reason;
  }
}
