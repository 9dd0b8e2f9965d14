/** How processes are asked whether they are alive. */
export interface LivenessPolicy {
  /** From one question to the next. */
  readonly intervalMs: number;
  /** How long an answer may take to be one. */
  readonly timeoutMs: number;
  /** A process that gives no answer for as long is killed. */
  readonly silenceMs: number;
}

/**
 * Adds up for how long a process has not answered. A question without an answer counts for no more than it may take: the
 * hours for which a laptop slept, or for which the process that asks was stopped itself, are nobody's silence.
 */
export class Silence {
  readonly #policy: LivenessPolicy;
  readonly #now: () => number;
  #countedUntil: number;
  #ms = 0;

  /** `now` is any clock that counts milliseconds. */
  constructor(policy: LivenessPolicy, now: () => number) {
    this.#policy = policy;
    this.#now = now;
    this.#countedUntil = now();
  }

  /** Milliseconds without an answer. */
  get ms(): number {
    return this.#ms;
  }

  /** An answer came. */
  end(): void {
    this.#ms = 0;
    this.#countedUntil = this.#now();
  }

  /** A question was not answered. */
  goOn(): void {
    const { intervalMs, timeoutMs } = this.#policy;
    const now = this.#now();
    this.#ms += Math.min(now - this.#countedUntil, intervalMs + timeoutMs);
    this.#countedUntil = now;
  }
}
