import { type Alert, alertSchema } from '@everflame/contract';
import type { Principal } from '@everflame/service-kit';
import {
  type AlertDocument,
  type Delivery,
  labelsKey,
  type Transition,
} from '../documents/alert-document.ts';
import type { Notice } from '../notifiers/notifier.ts';
import type { RuleKinds } from '../rules/rule-kind.ts';
import { kindOf } from '../rules/rule-kinds.ts';
import type { AlertStore } from './ports.ts';

export interface ViewParts {
  readonly alerts: AlertStore;
  readonly kinds: RuleKinds;
  readonly dashboardUrl: string;
}

/** How alerts are shown: by the API, and to receivers. */
export class AlertViews {
  readonly #parts: ViewParts;

  constructor(parts: ViewParts) {
    this.#parts = parts;
  }

  /** The newest first. */
  async list(principal: Principal): Promise<Alert[]> {
    return (await this.#parts.alerts.list(principal)).map((alert) => this.#show(alert));
  }

  /** Returns what to tell of one transition. That it fires is told as it was then, also when it has ended since. */
  notice(alert: AlertDocument, transition: Transition, receiver: Delivery['receiver']): Notice {
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
      dashboardUrl: this.#parts.dashboardUrl,
      ...kindOf(alert, this.#parts.kinds).describe(told, endsAt ?? startsAt),
      alert: this.#show(told),
    };
  }

  #show(alert: AlertDocument): Alert {
    const { summary } = kindOf(alert, this.#parts.kinds).describe(alert, alert.savedAt).annotations;
    const failed = alert.deliveries.find(({ lastError }) => lastError !== null);
    const lastNotificationError =
      failed === undefined || failed.receiver === ''
        ? (failed?.lastError ?? null)
        : `${failed.receiver}: ${failed.lastError}`;
    return alertSchema.parse({ ...alert, ...alert.details, summary, lastNotificationError });
  }
}
