import { type Alert, alertSchema } from '@everflame/contract';
import { type AlertDocument, labelsKey } from '../documents/alert-document.ts';
import type { Notice } from '../notifiers/notifier.ts';
import type { RuleKinds } from '../rules/rule-kind.ts';
import { kindOf } from '../rules/rule-kinds.ts';
import type { NotificationKey } from './ports.ts';

/** What alerts are shown with. */
export interface ViewParts {
  readonly kinds: RuleKinds;
  readonly dashboardUrl: string;
}

/** Returns what the API shows of an alert. */
export function showAlert(alert: AlertDocument, { kinds }: Pick<ViewParts, 'kinds'>): Alert {
  const { summary } = kindOf(alert, kinds).describe(alert, alert.savedAt).annotations;
  const failed = alert.deliveries.find(({ lastError }) => lastError !== null);
  const lastNotificationError =
    failed === undefined || failed.receiver === ''
      ? (failed?.lastError ?? null)
      : `${failed.receiver}: ${failed.lastError}`;
  return alertSchema.parse({ ...alert, ...alert.details, summary, lastNotificationError });
}

/** Returns what to tell of one transition. That it fires is told as it was then, also when it has ended since. */
export function noticeOf(
  alert: AlertDocument,
  { transition, receiver }: Pick<NotificationKey, 'transition' | 'receiver'>,
  { kinds, dashboardUrl }: ViewParts,
): Notice {
  const isFiring = transition === 'firing';
  const startsAt = alert.firedAt ?? alert.startedAt;
  const endsAt = isFiring ? null : (alert.resolvedAt ?? startsAt);
  const deliveries = alert.deliveries.map((delivery) => ({ ...delivery, lastError: null }));
  const told: AlertDocument = {
    ...alert,
    deliveries,
    ...(isFiring ? { state: 'firing', resolvedAt: null } : {}),
  };
  return {
    transition,
    receiver: receiver === '' ? 'everflame' : receiver,
    labels: { ...alert.labels, alertname: alert.ruleName },
    groupKey: `${alert.ruleId}:${labelsKey(alert.group)}`,
    startsAt,
    endsAt,
    dashboardUrl,
    ...kindOf(alert, kinds).describe(told, endsAt ?? startsAt),
    alert: showAlert(told, { kinds }),
  };
}
