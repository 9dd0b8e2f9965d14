import { setTimeout as delay } from 'node:timers/promises';
import { isMendedByRestart } from './exit-code.ts';
import type { ReadinessCheck } from './health.ts';
import type { Logger } from '../logging.ts';

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 5000;

/** What a service needs done before its own work. The signal is aborted when it is no longer wanted. */
export type PreparationWork = (signal: AbortSignal) => Promise<void>;

/**
 * Work that has to succeed once before a service can do its own, such as bringing tables up to date. It is tried again
 * until it does; until then the check `prepared` fails with the reason.
 */
export class Preparation {
  /** Resolves when the work has succeeded or was stopped. Rejects when no further attempt can. */
  readonly done: Promise<void>;
  readonly check: ReadinessCheck = { name: 'prepared', check: () => this.#throwUnlessDone() };
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  readonly #failedOnce: Promise<void>;
  #noteFailure: () => void = () => undefined;
  #reason: string | undefined = 'the first attempt has not ended';

  constructor(work: PreparationWork, logger: Logger) {
    this.#logger = logger;
    this.#failedOnce = new Promise((resolve) => {
      this.#noteFailure = resolve;
    });
    this.done = this.#run(work);
    this.done.catch(() => undefined);
  }

  /** Resolves when the work has succeeded, an attempt has failed, or `waitMs` have passed; throws what `done` rejects with. */
  async soon(waitMs: number): Promise<void> {
    await Promise.race([this.done, this.#failedOnce, delay(waitMs, undefined, { ref: false })]);
  }

  /** No further attempt is made; one that is under way is told by its signal. */
  stop(): void {
    this.#stopping.abort();
  }

  async #run(work: PreparationWork): Promise<void> {
    const { signal } = this.#stopping;
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
      try {
        await work(signal);
        this.#reason = undefined;
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!isMendedByRestart(error)) throw error;
        this.#note(error);
      }
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  #note(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason !== this.#reason) this.#logger.warn({ err: error }, 'waiting for what this service needs');
    this.#reason = reason;
    this.#noteFailure();
  }

  #throwUnlessDone(): Promise<void> {
    return this.#reason === undefined ? Promise.resolve() : Promise.reject(new Error(this.#reason));
  }
}
