import { Counter, createMetrics, Gauge, Histogram, type Registry } from '@everflame/service-kit';
import type { AlertDocument } from '../documents/alert-document.ts';

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

  countAlerts(alerts: readonly AlertDocument[]): void {
    for (const state of ['pending', 'firing', 'resolved']) {
      this.#alerts.set({ state }, alerts.filter((alert) => alert.state === state).length);
    }
  }
}
