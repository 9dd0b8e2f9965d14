import { z } from 'zod';
import { labelsSchema } from '../answer-parts.ts';
import { growthDetailsSchema, growthSettingsSchema } from './growth.ts';
import { webhookUrlSchema } from './receivers.ts';

/** What a rule of any kind has that leaves it out, in the API and in everflame.yaml alike. */
export const RULE_DEFAULTS = { forMs: 0, evaluateEveryMs: 15_000 };

/** What rules of every kind have. */
export const ruleBaseSchema = z.object({
  name: z.string().min(1).max(128),
  /** Put on every alert of the rule, for receivers to match. A change that leaves them out keeps them. */
  labels: labelsSchema.optional(),
  /** How long the condition must hold before the alert fires. */
  forMs: z.number().int().min(0).max(86_400_000).default(RULE_DEFAULTS.forMs),
  evaluateEveryMs: z.number().int().min(1000).max(3_600_000).default(RULE_DEFAULTS.evaluateEveryMs),
  /**
   * Where the notification goes besides the receivers that match. A change that leaves it out, or has it as it is shown,
   * keeps it; null takes it away.
   */
  webhookUrl: webhookUrlSchema.nullable().optional(),
  enabled: z.boolean().default(true),
});

/** The kinds of rules: what each needs to be told, and what its alerts tell. */
export const RULE_KINDS = { growth: { settings: growthSettingsSchema, details: growthDetailsSchema } };
export type RuleKindName = keyof typeof RULE_KINDS;

const growthRuleSchema = ruleBaseSchema.extend({
  kind: z.literal('growth').default('growth'),
  ...growthSettingsSchema.shape,
});

/** A rule that is made or changed: what every rule has, with the settings of its kind. */
export const ruleInputSchema = z.discriminatedUnion('kind', [growthRuleSchema]);
export type RuleInput = z.infer<typeof ruleInputSchema>;

const shownShape = {
  id: z.string(),
  labels: labelsSchema,
  /** With … in place of user, path and parameters, which may be secret. */
  webhookUrl: z.string().optional(),
  /** `file` rules come from everflame.yaml and cannot be changed through the API. */
  source: z.enum(['file', 'api']),
  updatedAt: z.number(),
  lastEvaluatedAt: z.number().nullable(),
  lastError: z.object({ code: z.string(), message: z.string() }).nullable(),
};

export const ruleSchema = z.discriminatedUnion('kind', [growthRuleSchema.extend(shownShape)]);
export type Rule = z.infer<typeof ruleSchema>;

/** GET /api/v1/rules; POST answers one rule with 201, PUT and DELETE address /api/v1/rules/{id}. */
export const rulesResponseSchema = z.object({ rules: z.array(ruleSchema) });
export type RulesResponse = z.infer<typeof rulesResponseSchema>;
