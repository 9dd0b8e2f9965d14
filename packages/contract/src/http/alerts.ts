import { z } from 'zod';
import { labelsSchema } from './answer-parts.ts';
import { queryParamSchema } from './parameters.ts';

/** A growth rule: fires when a gauge of one service grows by `minGrowth` (unit of the type) within the window and keeps growing. */
export const ruleInputSchema = z.object({
  name: z.string().min(1).max(128),
  /** Gauge profile type with matchers, such as memory:inuse_space:bytes:space:bytes{env="prod"}. */
  query: queryParamSchema.min(1),
  /** Series are summed and judged per distinct value set of these labels. */
  groupBy: z.array(z.string().max(128)).min(1).max(8).default(['service_name']),
  windowMs: z
    .number()
    .int()
    .min(10_000)
    .max(7 * 86_400_000),
  /** Least growth over the window that fires, in the unit of the type (bytes). */
  minGrowth: z.number().positive(),
  /** Least growth relative to the level at the start of the window; 0.2 = 20 %. */
  minGrowthRatio: z.number().min(0).max(1000).default(0.1),
  /** How long the condition must hold before the alert fires. */
  forMs: z.number().int().min(0).max(86_400_000).default(0),
  evaluateEveryMs: z.number().int().min(1000).max(3_600_000).default(15_000),
  /** Where the notification goes. A change that leaves it out, or has it as it is shown, keeps it; null takes it away. */
  webhookUrl: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .nullable()
    .optional(),
  enabled: z.boolean().default(true),
});
export type RuleInput = z.infer<typeof ruleInputSchema>;

export const ruleSchema = ruleInputSchema.extend({
  id: z.string(),
  /** With … in place of user, path and parameters, which may be secret. */
  webhookUrl: z.string().optional(),
  /** `file` rules come from everflame.yaml and cannot be changed through the API. */
  source: z.enum(['file', 'api']),
  updatedAt: z.number(),
  lastEvaluatedAt: z.number().nullable(),
  lastError: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type Rule = z.infer<typeof ruleSchema>;

/** GET /api/v1/rules; POST answers one rule with 201, PUT and DELETE address /api/v1/rules/{id}. */
export const rulesResponseSchema = z.object({ rules: z.array(ruleSchema) });
export type RulesResponse = z.infer<typeof rulesResponseSchema>;

export const grownFunctionSchema = z.object({
  name: z.string(),
  file: z.string(),
  /** Self values at the start and the end of the comparison. */
  before: z.number(),
  after: z.number(),
});

export const alertSchema = z.object({
  id: z.string(),
  ruleId: z.string(),
  ruleName: z.string(),
  state: z.enum(['pending', 'firing', 'resolved']),
  labels: labelsSchema,
  type: z.string(),
  unit: z.string(),
  /** When the growth began, Unix ms. */
  since: z.number(),
  firedAt: z.number().nullable(),
  resolvedAt: z.number().nullable(),
  /** Level when growth began and now. */
  valueBefore: z.number(),
  valueNow: z.number(),
  growthPerHour: z.number(),
  /** Functions by growth of their self value, largest first. */
  grownFunctions: z.array(grownFunctionSchema),
  /** Dashboard link to the diff flame graph of before and now. */
  diffUrl: z.string(),
  lastNotificationError: z.string().nullable(),
});
export type Alert = z.infer<typeof alertSchema>;

/** GET /api/v1/alerts */
export const alertsResponseSchema = z.object({ alerts: z.array(alertSchema) });
export type AlertsResponse = z.infer<typeof alertsResponseSchema>;

/** Body of a webhook notification: Alertmanager's version 4 envelope, with ours under `everflame`. */
export const webhookPayloadSchema = z.object({
  version: z.literal('4'),
  status: z.enum(['firing', 'resolved']),
  groupKey: z.string(),
  receiver: z.string(),
  externalURL: z.string(),
  commonLabels: labelsSchema,
  commonAnnotations: labelsSchema,
  alerts: z.array(
    z.object({
      status: z.enum(['firing', 'resolved']),
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
