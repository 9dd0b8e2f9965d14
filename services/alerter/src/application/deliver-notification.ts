import { DomainError } from '@everflame/profile';
import type { Clock, Logger, Principal } from '@everflame/service-kit';
import { type AlertDocument, type Delivery, dueTransition } from '../documents/alert-document.ts';
import { noticeOf, type ViewParts } from './alert-views.ts';
import type { AlertStore, NotificationKey, NotificationQueue, RuleLock } from './ports.ts';
import type { ReceiverCatalog } from './receiver-catalog.ts';

const LOCK_WAIT_MS = 10_000;

/** One try at delivering one notification. */
export interface DeliveryAttempt extends NotificationKey {
  /** No further try follows. */
  readonly isLast: boolean;
  /** An earlier try reached the receiver but could not be recorded. */
  readonly wasSent: boolean;
  /** Remembers, for the next try, that the receiver has it. */
  readonly markSent: () => Promise<void>;
}

export type DeliveryOutcome = 'sent' | 'not_due' | 'recorded';

export interface DeliveryParts extends ViewParts {
  readonly alerts: AlertStore;
  readonly receivers: ReceiverCatalog;
  readonly notifications: NotificationQueue;
  readonly lock: RuleLock;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Has every notification delivered that an alert owes its receivers. */
export async function queueDue(
  principal: Principal,
  alert: AlertDocument,
  notifications: NotificationQueue,
): Promise<void> {
  for (const delivery of alert.deliveries) {
    const transition = dueTransition(alert, delivery);
    if (transition === undefined) continue;
    await notifications.add(principal, { alertId: alert.id, receiver: delivery.receiver, transition });
  }
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
  async deliver(principal: Principal, attempt: DeliveryAttempt): Promise<DeliveryOutcome> {
    const { alerts, notifications, clock } = this.#parts;
    const alert = await alerts.find(principal, attempt.alertId);
    const delivery = alert?.deliveries.find(({ receiver }) => receiver === attempt.receiver);
    if (
      alert === undefined ||
      delivery === undefined ||
      dueTransition(alert, delivery) !== attempt.transition
    ) {
      return 'not_due';
    }
    if (!attempt.wasSent) await this.#send(principal, { alert, delivery, attempt });
    const told = attempt.transition === 'firing' ? 'toldFiringAt' : 'toldResolvedAt';
    const change = { lastError: null, [told]: clock.now() };
    const saved = await this.#record(principal, { alert, delivery, change });
    await queueDue(principal, saved, notifications);
    return attempt.wasSent ? 'recorded' : 'sent';
  }

  async #send(
    principal: Principal,
    { alert, delivery, attempt }: { alert: AlertDocument; delivery: Delivery; attempt: DeliveryAttempt },
  ): Promise<void> {
    const { receivers, logger } = this.#parts;
    const { transition, receiver } = attempt;
    try {
      const { notifier, settings } = await receivers.reach(principal, delivery);
      await notifier.send(noticeOf(alert, attempt, this.#parts), settings);
    } catch (error) {
      const lastError = error instanceof DomainError ? error.message : 'The notification failed.';
      const isAbandoned = attempt.isLast || (error instanceof DomainError && !error.isRetryable);
      logger.warn(
        { alertId: alert.id, receiver, transition, isFinal: isAbandoned, reason: lastError },
        'notification failed',
      );
      await this.#record(principal, { alert, delivery, change: { lastError, isAbandoned } });
      throw error;
    }
    await attempt.markSent();
  }

  /** Records with the alert, as it is now, how far a receiver has been told; evaluations of its rule wait. */
  async #record(
    principal: Principal,
    { alert, delivery, change }: { alert: AlertDocument; delivery: Delivery; change: Partial<Delivery> },
  ): Promise<AlertDocument> {
    const { alerts, lock, clock } = this.#parts;
    const turn = { ruleId: alert.ruleId, waitMs: LOCK_WAIT_MS };
    const saved = await lock.run(principal, turn, async () => {
      const current = (await alerts.find(principal, alert.id)) ?? alert;
      const changed: AlertDocument = {
        ...current,
        deliveries: current.deliveries.map((one) =>
          one.receiver === delivery.receiver ? { ...one, ...change } : one,
        ),
        savedAt: Math.max(clock.now(), current.savedAt + 1),
      };
      await alerts.save(principal, changed);
      return changed;
    });
    if (saved === undefined)
      throw new DomainError('unavailable', 'rule_busy', 'The rule is being evaluated.');
    return saved;
  }
}
