import {
  Counter,
  createMetrics,
  Histogram,
  type Logger,
  type Registry,
  watchGauge,
} from '@everflame/service-kit';
import type { Admission } from '../application/admission.ts';
import type { CacheObserver } from '../application/cache/cached-answers.ts';

const WARN_EVERY_MS = 60_000;

/** Metrics of the query service. */
export class QueryMetrics implements CacheObserver {
  readonly registry: Registry = createMetrics('everflame-query');
  readonly #logger: Logger;
  #warnedMs = -WARN_EVERY_MS;

  readonly #answerSeconds = new Histogram({
    name: 'everflame_query_answer_duration_seconds',
    help: 'How long answers take from the request on, waiting included, by the kind of question (the path below /api/v1/).',
    labelNames: ['question'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.registry],
  });

  readonly #refusals = new Counter({
    name: 'everflame_query_refusals_total',
    help: 'Requests that were answered with an error, by its code.',
    labelNames: ['code'],
    registers: [this.registry],
  });

  readonly #lookups = new Counter({
    name: 'everflame_query_cache_lookups_total',
    help: 'What caches were asked for, by outcome: hit, miss. Cache: merge, profile, timeline and tree count answers about settled hours, stacks counts stacks.',
    labelNames: ['cache', 'outcome'],
    registers: [this.registry],
  });

  readonly #unresolved = new Counter({
    name: 'everflame_query_unresolved_stacks_total',
    help: 'Stacks of answers of which storage does not know all frames.',
    registers: [this.registry],
  });

  constructor(admission: Admission, logger: Logger) {
    this.#logger = logger;
    const { registry } = this;
    watchGauge(registry, 'everflame_query_running', 'Queries that run.', () => admission.running);
    watchGauge(
      registry,
      'everflame_query_waiting',
      'Queries that wait until others are done.',
      () => admission.waiting,
    );
  }

  answered(question: string, seconds: number): void {
    this.#answerSeconds.observe({ question }, seconds);
  }

  refused(code: string): void {
    this.#refusals.inc({ code });
  }

  looked(cache: string, outcome: 'hit' | 'miss', count = 1): void {
    this.#lookups.inc({ cache, outcome }, count);
  }

  /** Counts the stacks that an answer shows as not resolved, and says so in the log once a minute. */
  unresolved(stacks: number): void {
    this.#unresolved.inc(stacks);
    const nowMs = performance.now();
    if (nowMs - this.#warnedMs < WARN_EVERY_MS) return;
    this.#warnedMs = nowMs;
    this.#logger.warn(
      { stacks },
      'an answer has stacks that cannot be resolved; `everflame doctor` finds them',
    );
  }
}
