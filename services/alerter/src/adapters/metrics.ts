import { Counter, createMetrics, Gauge, Histogram, type Registry } from '@everflame/service-kit';
import type { AlertRecord } from '../documents/alert-document.ts';
import type { RollupJobReport } from '../application/rollup-job.ts';

/** Metrics of the alerter. */
export class AlerterMetrics {
  readonly registry: Registry = createMetrics('everflame-alerter');

  readonly evaluations = new Counter({
    name: 'everflame_alerter_evaluations_total',
    help: 'Evaluations of rules by outcome: ok, error, busy (the one before still ran), not_a_rule.',
    labelNames: ['outcome'],
    registers: [this.registry],
  });

  readonly evaluationSeconds = new Histogram({
    name: 'everflame_alerter_evaluation_duration_seconds',
    help: 'How long evaluations take.',
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.registry],
  });

  readonly notifications = new Counter({
    name: 'everflame_alerter_notifications_total',
    help: 'Tries to deliver a notification by outcome: sent, recorded (sent by an earlier try), not_due, failed.',
    labelNames: ['outcome'],
    registers: [this.registry],
  });

  readonly #alerts = new Gauge({
    name: 'everflame_alerter_alerts',
    help: 'Alerts of all rules by state.',
    labelNames: ['state'],
    registers: [this.registry],
  });

  readonly #rollupLag = new Gauge({
    name: 'everflame_rollup_lag_seconds',
    help: 'Time since the end of the oldest closed hour that is not rolled up; 0 when all are.',
    registers: [this.registry],
  });

  readonly #rollups = new Counter({
    name: 'everflame_rollup_buckets_total',
    help: 'Hours and days that were rolled up, and again because profiles came late (each for one tenant).',
    labelNames: ['level', 'reason'],
    registers: [this.registry],
  });

  readonly rollupFailures = new Counter({
    name: 'everflame_rollup_failures_total',
    help: 'Rollup jobs that failed; the next one continues.',
    registers: [this.registry],
  });

  readonly rollupSeconds = new Histogram({
    name: 'everflame_rollup_duration_seconds',
    help: 'How long rollup jobs take.',
    buckets: [0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 120],
    registers: [this.registry],
  });

  countRollups(report: RollupJobReport): void {
    this.#rollupLag.set(report.lagSeconds);
    this.#rollups.inc({ level: 'hour', reason: 'closed' }, report.hours);
    this.#rollups.inc({ level: 'day', reason: 'closed' }, report.days);
    this.#rollups.inc({ level: 'hour', reason: 'late' }, report.redoneHours);
    this.#rollups.inc({ level: 'day', reason: 'late' }, report.redoneDays);
  }

  countAlerts(alerts: readonly AlertRecord[]): void {
    for (const state of ['pending', 'firing', 'resolved']) {
      this.#alerts.set({ state }, alerts.filter((alert) => alert.state === state).length);
    }
  }
}
