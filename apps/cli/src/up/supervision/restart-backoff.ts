/** How long to wait before a process that ended is started again. */
export interface RestartPolicy {
  readonly firstDelayMs: number;
  /** Delays double up to this one, at which the process is started again for ever. */
  readonly maxDelayMs: number;
  /** A process that answered for as long counts as well: the next delay is the first one again. */
  readonly healthyMs: number;
}

/** The delays before the starts of one process. */
export class RestartBackoff {
  readonly #policy: RestartPolicy;
  #endings = 0;

  constructor(policy: RestartPolicy) {
    this.#policy = policy;
  }

  /** Milliseconds to wait now that a run has ended in which the process answered for `healthyForMs`. */
  next(healthyForMs: number): number {
    const { firstDelayMs, maxDelayMs, healthyMs } = this.#policy;
    if (healthyForMs >= healthyMs) this.#endings = 0;
    const delayMs = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(this.#endings, 30));
    this.#endings += 1;
    return delayMs;
  }
}
