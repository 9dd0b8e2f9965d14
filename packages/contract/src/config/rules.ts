import { z } from 'zod';
import { labelsSchema } from '../http/answer-parts.ts';
import { GROWTH_DEFAULTS, growthSettingsSchema } from '../http/alerting/growth.ts';
import { RULE_DEFAULTS, ruleBaseSchema, type RuleInput } from '../http/alerting/rules.ts';
import { receiverInputSchema, webhookUrlSchema } from '../http/alerting/receivers.ts';
import { reportMatchProblem } from './match.ts';
import { amountSchema, durationSchema } from './units.ts';

const { query, groupBy, minGrowthRatio } = growthSettingsSchema.shape;

const growthFileSchema = z.strictObject({
  kind: z.literal('growth').default('growth'),
  name: ruleBaseSchema.shape.name,
  labels: labelsSchema.default({}),
  for: durationSchema(0, 86_400_000).default(RULE_DEFAULTS.forMs),
  evaluate_every: durationSchema(1000, 3_600_000).default(RULE_DEFAULTS.evaluateEveryMs),
  webhook_url: webhookUrlSchema.optional(),
  query,
  group_by: groupBy,
  window: durationSchema(10_000, 7 * 86_400_000).default(GROWTH_DEFAULTS.windowMs),
  min_growth: amountSchema,
  min_growth_ratio: minGrowthRatio,
});

/** A rule of `everflame.yaml`; parsed, it is as one of the API. */
const fileRuleSchema = z.discriminatedUnion('kind', [growthFileSchema]).transform((rule): RuleInput => ({
  kind: rule.kind,
  name: rule.name,
  labels: rule.labels,
  forMs: rule.for,
  evaluateEveryMs: rule.evaluate_every,
  webhookUrl: rule.webhook_url,
  enabled: true,
  query: rule.query,
  groupBy: rule.group_by,
  windowMs: rule.window,
  minGrowth: rule.min_growth,
  minGrowthRatio: rule.min_growth_ratio,
}));

function uniqueByName<T extends z.ZodType<{ readonly name: string }>>(item: T, problem: string) {
  return z
    .array(item)
    .refine((items) => new Set(items.map(({ name }) => name)).size === items.length, problem)
    .default([]);
}

/** `rules` of `everflame.yaml`. */
export const fileRulesSchema = uniqueByName(fileRuleSchema, 'rule names must be unique');

/** `receivers` of `everflame.yaml`. */
export const fileReceiversSchema = uniqueByName(
  receiverInputSchema.superRefine(reportMatchProblem),
  'receiver names must be unique',
);
