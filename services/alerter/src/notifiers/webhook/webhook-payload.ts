import { createHash } from 'node:crypto';
import type { WebhookPayload } from '@everflame/contract';
import { type AlertRecord, labelsKey, toAlert, type Transition } from '../../documents/alert-document.ts';
import { descriptionOf, resolvedSummaryOf, summaryOf } from '../../rules/growth/growth-text.ts';

/** Alertmanager's way to say "has not ended". */
const NOT_ENDED = '0001-01-01T00:00:00Z';

/** The notification of one transition: Alertmanager's envelope (version 4) with one alert, ours under `everflame`. */
export function webhookPayloadOf(
  record: AlertRecord,
  transition: Transition,
  dashboardUrl: string,
): WebhookPayload {
  const isFiring = transition === 'firing';
  const firedAt = record.firedAt ?? record.startedAt;
  const resolvedAt = record.resolvedAt ?? firedAt;
  // A firing notification that was held up tells what was so when it fired.
  const shown = { ...record, lastNotificationError: null };
  const alert = toAlert(isFiring ? { ...shown, state: 'firing', resolvedAt: null } : shown);
  const labels = { ...record.labels, alertname: record.ruleName };
  const annotations = {
    summary: isFiring ? summaryOf(alert, firedAt) : resolvedSummaryOf(alert, resolvedAt),
    description: descriptionOf(alert, record.explanationError),
    diff_url: record.diffUrl,
  };
  return {
    version: '4',
    status: transition,
    groupKey: `${record.ruleId}:${labelsKey(record.labels)}`,
    receiver: 'everflame',
    externalURL: dashboardUrl,
    commonLabels: labels,
    commonAnnotations: annotations,
    alerts: [
      {
        status: transition,
        labels,
        annotations,
        startsAt: new Date(firedAt).toISOString(),
        endsAt: isFiring ? NOT_ENDED : new Date(resolvedAt).toISOString(),
        generatorURL: record.diffUrl,
        fingerprint: createHash('sha256').update(labelsKey(labels)).digest('hex').slice(0, 16),
      },
    ],
    everflame: alert,
  };
}
