import { createHash } from 'node:crypto';
import type { WebhookPayload } from '@everflame/contract';
import { labelsKey } from '../../documents/alert-document.ts';
import type { Notice } from '../notifier.ts';

/** Alertmanager's way to say "has not ended". */
const NOT_ENDED = '0001-01-01T00:00:00Z';

/** Returns the body of a notice: Alertmanager's envelope (version 4) with one alert, ours under `everflame`. */
export function webhookPayloadOf(notice: Notice): WebhookPayload {
  const { transition: status, labels, annotations, endsAt } = notice;
  return {
    version: '4',
    status,
    groupKey: notice.groupKey,
    receiver: notice.receiver,
    externalURL: notice.dashboardUrl,
    commonLabels: labels,
    commonAnnotations: annotations,
    alerts: [
      {
        status,
        labels,
        annotations,
        startsAt: new Date(notice.startsAt).toISOString(),
        endsAt: endsAt === null ? NOT_ENDED : new Date(endsAt).toISOString(),
        generatorURL: notice.url,
        fingerprint: createHash('sha256').update(labelsKey(labels)).digest('hex').slice(0, 16),
      },
    ],
    everflame: notice.alert,
  };
}
