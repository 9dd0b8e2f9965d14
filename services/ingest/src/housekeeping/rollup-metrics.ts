import { Counter, Gauge, Histogram, type Registry } from '@everflame/service-kit';
import type { RollupJobReport } from './rollup-job.ts';

/** Metrics of rolling up, in the registry of ingest. */
export function rollupMetrics(registry: Registry) {
  const registers = [registry];
  const lag = new Gauge({
    name: 'everflame_rollup_lag_seconds',
    help: 'Time since the end of the oldest settled hour that is not rolled up; 0 when all are.',
    registers,
  });
  const buckets = new Counter({
    name: 'everflame_rollup_buckets_total',
    help: 'Hours and days that were rolled up, and again because profiles came late (each for one tenant).',
    labelNames: ['level', 'reason'],
    registers,
  });
  return {
    failures: new Counter({
      name: 'everflame_rollup_failures_total',
      help: 'Rollup jobs that failed; the next one continues.',
      registers,
    }),
    seconds: new Histogram({
      name: 'everflame_rollup_duration_seconds',
      help: 'How long rollup jobs take.',
      buckets: [0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 120],
      registers,
    }),
    count({ lagSeconds, done }: RollupJobReport): void {
      lag.set(lagSeconds);
      for (const { resolution: level, settled, late } of done) {
        buckets.inc({ level, reason: 'closed' }, settled);
        buckets.inc({ level, reason: 'late' }, late);
      }
    },
  };
}
