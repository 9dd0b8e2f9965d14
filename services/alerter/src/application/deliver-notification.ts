import { DomainError } from '@everflame/profile';
import type { Clock, Logger } from '@everflame/service-kit';
import { type AlertRecord, dueTransition, type Transition } from '../documents/alert-document.ts';
import type { AlertStore, NotificationQueue, Notifier, RuleLock } from './ports.ts';
import { webhookPayloadOf } from '../notifiers/webhook/webhook-payload.ts';

const LOCK_WAIT_MS = 10_000;

/** One try at delivering one notification. */
export interface DeliveryAttempt {
  readonly alertId: string;
  readonly transition: Transition;
  /** No further try follows. */
  readonly isLast: boolean;
  /** An earlier try reached the receiver but could not be recorded. */
  readonly wasSent: boolean;
  /** Remembers, for the next try, that the receiver has it. */
  readonly markSent: () => Promise<void>;
}

export type DeliveryOutcome = 'sent' | 'not_due' | 'recorded';

export interface DeliveryParts {
  readonly alerts: AlertStore;
  readonly notifier: Notifier;
  readonly notifications: NotificationQueue;
  readonly lock: RuleLock;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dashboardUrl: string;
}

/**
 * Delivers notifications. Each is sent once unless the process dies between the receiver's answer and the next
 * write: at least once, in the order firing, resolved.
 */
export class NotificationDelivery {
  readonly #parts: DeliveryParts;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Throws what the notifier throws, after having recorded it with the alert. */
  async deliver(attempt: DeliveryAttempt): Promise<DeliveryOutcome> {
    const { alerts, notifications } = this.#parts;
    const record = await alerts.find(attempt.alertId);
    if (record === undefined || record.webhookUrl === null || dueTransition(record) !== attempt.transition) {
      return 'not_due';
    }
    if (!attempt.wasSent) await this.#send(record, record.webhookUrl, attempt);
    const now = this.#parts.clock.now();
    const saved = await this.#change(record, (current) => ({
      ...current,
      lastNotificationError: null,
      ...(attempt.transition === 'firing' ? { notifiedFiringAt: now } : { notifiedResolvedAt: now }),
    }));
    const next = dueTransition(saved);
    if (next !== undefined) await notifications.add(saved.id, next);
    return attempt.wasSent ? 'recorded' : 'sent';
  }

  async #send(record: AlertRecord, url: string, attempt: DeliveryAttempt): Promise<void> {
    const { notifier, dashboardUrl, logger } = this.#parts;
    try {
      await notifier.send(url, webhookPayloadOf(record, attempt.transition, dashboardUrl));
    } catch (error) {
      const message = error instanceof DomainError ? error.message : 'The notification failed.';
      const isFinal = attempt.isLast || (error instanceof DomainError && !error.isRetryable);
      logger.warn(
        { alertId: record.id, transition: attempt.transition, isFinal, reason: message },
        'notification failed',
      );
      await this.#change(record, (current) => ({
        ...current,
        lastNotificationError: message,
        isNotificationAbandoned: isFinal,
      }));
      throw error;
    }
    await attempt.markSent();
  }

  /** Changes the alert as it is now; evaluations of its rule wait. */
  async #change(record: AlertRecord, change: (current: AlertRecord) => AlertRecord): Promise<AlertRecord> {
    const { alerts, lock, clock } = this.#parts;
    const saved = await lock.run(record.ruleId, LOCK_WAIT_MS, async () => {
      const current = (await alerts.find(record.id)) ?? record;
      const changed = { ...change(current), savedAt: Math.max(clock.now(), current.savedAt + 1) };
      await alerts.save(changed);
      return changed;
    });
    if (saved === undefined)
      throw new DomainError('unavailable', 'rule_busy', 'The rule is being evaluated.');
    return saved;
  }
}
