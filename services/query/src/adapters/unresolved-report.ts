import { Counter, type Logger, type Registry } from '@everflame/service-kit';

const WARN_EVERY_MS = 60_000;

/** Counts the stacks that answers show as not resolved, and says so in the log once a minute. */
export class UnresolvedReport {
  readonly #stacks: Counter;
  readonly #logger: Logger;
  #warnedMs = -WARN_EVERY_MS;

  constructor(registry: Registry, logger: Logger) {
    this.#stacks = new Counter({
      name: 'everflame_query_unresolved_stacks_total',
      help: 'Stacks of answers of which storage does not know all frames.',
      registers: [registry],
    });
    this.#logger = logger;
  }

  add(stacks: number): void {
    this.#stacks.inc(stacks);
    const nowMs = performance.now();
    if (nowMs - this.#warnedMs < WARN_EVERY_MS) return;
    this.#warnedMs = nowMs;
    this.#logger.warn(
      { stacks },
      'an answer has stacks that cannot be resolved; `everflame doctor` finds them',
    );
  }
}
