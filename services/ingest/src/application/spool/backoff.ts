import { setTimeout as sleep } from 'node:timers/promises';

export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** Waits longer after every failure, up to a bound, and never as long as others that failed at the same time. */
export class Backoff {
  #failures = 0;
  readonly #options: BackoffOptions;
  readonly #signal: AbortSignal;

  constructor(options: BackoffOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Throws when the signal is aborted. */
  async wait(): Promise<void> {
    const { baseMs, maxMs } = this.#options;
    const delayMs = Math.min(maxMs, baseMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    await sleep(delayMs * (0.5 + Math.random() / 2), undefined, { signal: this.#signal, ref: false });
  }
}
