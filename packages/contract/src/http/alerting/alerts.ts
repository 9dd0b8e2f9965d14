import { z } from 'zod';
import { labelsSchema } from '../answer-parts.ts';
import { growthDetailsSchema } from './growth.ts';

/** What alerts of every kind say. */
export const alertBaseSchema = z.object({
  id: z.string(),
  ruleId: z.string(),
  ruleName: z.string(),
  state: z.enum(['pending', 'firing', 'resolved']),
  /** What the alert is about, with the labels of its rule. */
  labels: labelsSchema,
  /** One line that says what has happened. */
  summary: z.string(),
  firedAt: z.number().nullable(),
  resolvedAt: z.number().nullable(),
  lastNotificationError: z.string().nullable(),
});

/** An alert: what every alert says, with the details of the kind of its rule. */
export const alertSchema = z.discriminatedUnion('kind', [
  alertBaseSchema.extend({ kind: z.literal('growth'), ...growthDetailsSchema.shape }),
]);
export type Alert = z.infer<typeof alertSchema>;

/** GET /api/v1/alerts */
export const alertsResponseSchema = z.object({ alerts: z.array(alertSchema) });
export type AlertsResponse = z.infer<typeof alertsResponseSchema>;

const statusSchema = z.enum(['firing', 'resolved']);

/** Body of a webhook notification: Alertmanager's version 4 envelope, with ours under `everflame`. */
export const webhookPayloadSchema = z.object({
  version: z.literal('4'),
  status: statusSchema,
  groupKey: z.string(),
  receiver: z.string(),
  externalURL: z.string(),
  commonLabels: labelsSchema,
  commonAnnotations: labelsSchema,
  alerts: z.array(
    z.object({
      status: statusSchema,
      labels: labelsSchema,
      annotations: labelsSchema,
      startsAt: z.string(),
      endsAt: z.string(),
      generatorURL: z.string(),
      fingerprint: z.string(),
    }),
  ),
  everflame: alertSchema,
});
export type WebhookPayload = z.infer<typeof webhookPayloadSchema>;
