import { RateLimitedError, DomainError } from '@everflame/profile';

const RETRY_AFTER_MS = 1000;

/** Lets a number of queries run at once; some more wait in order, and what comes beyond them is refused. */
export class Admission {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(maxRunning: number, maxWaiting: number) {
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Resolves when the query may run, with what has to be called once at its end. Throws `too_many_queries` when too
   * many wait, and `query_cancelled` when `signal` is aborted while it waits.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (this.#running < this.#maxRunning) this.#running++;
    else await this.#wait(signal);
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      const next = this.#queue.shift();
      if (next === undefined) this.#running--;
      else next();
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#queue.length >= this.#maxWaiting) {
      const message = `${this.#running} queries run and ${this.#queue.length} wait, which is the most there may be.`;
      throw new RateLimitedError('too_many_queries', message, RETRY_AFTER_MS);
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#queue.splice(this.#queue.indexOf(admit), 1);
        reject(new DomainError('unavailable', 'query_cancelled', 'The client left before its query began.'));
      };
      const admit = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(admit);
    });
  }
}
