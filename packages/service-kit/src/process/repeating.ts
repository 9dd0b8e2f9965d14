import { setTimeout as sleep } from 'node:timers/promises';

/** Work that is done again and again, never twice at once; each time resolves to the ms until the next. It must not throw. */
export class Repeating {
  #isStopped = false;
  #wake = new AbortController();
  readonly #ended: Promise<void>;

  /** Begins at once. The signal is aborted when the next time is wanted at once, or none. */
  constructor(work: (signal: AbortSignal) => Promise<number>) {
    this.#ended = this.#repeat(work);
  }

  /** Has the next time begin at once, or when the one that is under way has ended. */
  hurry(): void {
    this.#wake.abort();
  }

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake.abort();
    await this.#ended;
  }

  async #repeat(work: (signal: AbortSignal) => Promise<number>): Promise<void> {
    while (!this.#isStopped) {
      const { signal } = (this.#wake = new AbortController());
      const pauseMs = await work(signal);
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
