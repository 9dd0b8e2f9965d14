import { Counter, Gauge, Histogram, type Registry } from '@everflame/service-kit';
import type { RollupJobReport } from './rollup-job.ts';

/** Metrics of rolling up, in the registry of ingest. */
export class RollupMetrics {
  readonly failures: Counter;
  readonly seconds: Histogram;
  readonly #lag: Gauge;
  readonly #buckets: Counter<'level' | 'reason'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#lag = new Gauge({
      name: 'everflame_rollup_lag_seconds',
      help: 'Time since the end of the oldest settled hour that is not rolled up; 0 when all are.',
      registers,
    });
    this.#buckets = new Counter({
      name: 'everflame_rollup_buckets_total',
      help: 'Hours and days that were rolled up, and again because profiles came late (each for one tenant).',
      labelNames: ['level', 'reason'],
      registers,
    });
    this.failures = new Counter({
      name: 'everflame_rollup_failures_total',
      help: 'Rollup jobs that failed; the next one continues.',
      registers,
    });
    this.seconds = new Histogram({
      name: 'everflame_rollup_duration_seconds',
      help: 'How long rollup jobs take.',
      buckets: [0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 120],
      registers,
    });
  }

  count(report: RollupJobReport): void {
    this.#lag.set(report.lagSeconds);
    for (const { resolution: level, settled, late } of report.done) {
      this.#buckets.inc({ level, reason: 'closed' }, settled);
      this.#buckets.inc({ level, reason: 'late' }, late);
    }
  }
}
