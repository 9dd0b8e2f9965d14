import { alertBaseSchema } from '@everflame/contract';
import { z } from 'zod';
import type { DocumentForm, StoredBody } from './versioned-document.ts';

/** How far one receiver has been told of an alert. */
const deliverySchema = z.object({
  /** Name of the receiver; '' for the one that the rule has of its own. */
  receiver: z.string(),
  /** Notifier and settings of the rule's own receiver: they go with the alert, so that they outlive the rule. */
  own: z.object({ kind: z.string(), settings: z.record(z.string(), z.unknown()) }).optional(),
  toldFiringAt: z.number().nullable(),
  toldResolvedAt: z.number().nullable(),
  /** The last attempt has failed; nothing more is sent. */
  isAbandoned: z.boolean(),
  lastError: z.string().nullable(),
});
export type Delivery = z.infer<typeof deliverySchema>;

/** An alert: what carries it from one evaluation to the next, and details that the kind of its rule alone understands. */
const alertDocumentSchema = alertBaseSchema.omit({ summary: true, lastNotificationError: true }).extend({
  /** Of the rule that it is of. */
  kind: z.string(),
  /** What it is about: tells it from other alerts of the rule. Its labels are these with those of the rule. */
  group: alertBaseSchema.shape.labels,
  startedAt: z.number(),
  /** When the condition last held. */
  lastHeldAt: z.number(),
  /** Evaluations in a row in which the condition did not hold. */
  misses: z.number(),
  savedAt: z.number(),
  /** Set when it fires. */
  deliveries: z.array(deliverySchema),
  details: z.record(z.string(), z.unknown()),
});
export type AlertDocument = z.infer<typeof alertDocumentSchema>;

export const ALERT_FORM: DocumentForm<AlertDocument> = {
  what: 'alert',
  schema: alertDocumentSchema,
  upgrades: [nameKindAndReceivers],
  idOf: (alert) => alert.id,
  changedAt: (alert) => alert.savedAt,
  compare: (a, b) => b.startedAt - a.startedAt || (a.id < b.id ? -1 : 1),
};

/** A notification that an alert causes. */
export type Transition = 'firing' | 'resolved';

/** Whether the alert can still change or be notified about. */
export function isUnsettled(alert: AlertDocument): boolean {
  return (
    alert.state !== 'resolved' || alert.deliveries.some((one) => dueTransition(alert, one) !== undefined)
  );
}

/** The notification that has to go out next to one receiver, if any. Resolved is only told to whom firing was told. */
export function dueTransition(alert: AlertDocument, delivery: Delivery): Transition | undefined {
  if (delivery.isAbandoned || alert.firedAt === null) return undefined;
  if (delivery.toldFiringAt === null) return 'firing';
  return alert.state === 'resolved' && delivery.toldResolvedAt === null ? 'resolved' : undefined;
}

/** Identity of a set of label values within a rule. */
export function labelsKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Version 1 knew growth alone, with its details among what every alert has, and the webhook of the rule alone. */
function nameKindAndReceivers(body: StoredBody): StoredBody {
  const { type, unit, since, valueBefore, valueNow, growthPerHour, ...rest } = body;
  const { grownFunctions, diffUrl, explanationError, webhookUrl, firedAt, labels } = rest;
  const own = {
    receiver: '',
    own: { kind: 'webhook', settings: { url: webhookUrl } },
    toldFiringAt: rest['notifiedFiringAt'],
    toldResolvedAt: rest['notifiedResolvedAt'],
    isAbandoned: rest['isNotificationAbandoned'],
    lastError: rest['lastNotificationError'],
  };
  const growth = { type, unit, since, valueBefore, valueNow, growthPerHour };
  return {
    ...rest,
    kind: 'growth',
    group: labels,
    lastHeldAt: rest['lastGrowthAt'],
    deliveries: webhookUrl === null || firedAt === null ? [] : [own],
    details: { ...growth, grownFunctions, diffUrl, explanationError },
  };
}
