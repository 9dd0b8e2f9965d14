import { alertSchema, type Alert } from '@everflame/contract';
import { z } from 'zod';

/** An alert as it is kept: what the API shows and what carries it from one evaluation to the next. */
export const alertRecordSchema = alertSchema.extend({
  /** Where its notifications go; taken from the rule when the alert began, so that it outlives the rule. */
  webhookUrl: z.string().nullable(),
  startedAt: z.number(),
  /** When the condition last held. */
  lastGrowthAt: z.number(),
  /** Evaluations in a row without growth. */
  misses: z.number(),
  savedAt: z.number(),
  notifiedFiringAt: z.number().nullable(),
  notifiedResolvedAt: z.number().nullable(),
  /** The last attempt to notify has failed; nothing more is sent. */
  isNotificationAbandoned: z.boolean(),
  /** Why the functions that grew are not known. */
  explanationError: z.string().nullable(),
});
export type AlertRecord = z.infer<typeof alertRecordSchema>;

/** A notification that an alert causes. */
export type Transition = 'firing' | 'resolved';

/** Whether the alert can still change or be notified about. */
export function isUnsettled(record: AlertRecord): boolean {
  return record.state !== 'resolved' || dueTransition(record) !== undefined;
}

/** The notification that has to go out next, if any. Resolved is only told to whom firing was told. */
export function dueTransition(record: AlertRecord): Transition | undefined {
  if (record.webhookUrl === null || record.isNotificationAbandoned || record.firedAt === null)
    return undefined;
  if (record.notifiedFiringAt === null) return 'firing';
  return record.state === 'resolved' && record.notifiedResolvedAt === null ? 'resolved' : undefined;
}

/** What the API and notifications show of it. */
export function toAlert(record: AlertRecord): Alert {
  return alertSchema.parse(record);
}

/** Identity of a set of label values within a rule. */
export function labelsKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
