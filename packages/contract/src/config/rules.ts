import { z } from 'zod';
import { amountSchema, durationSchema } from './units.ts';

const fileRuleSchema = z.strictObject({
  name: z.string().min(1).max(128),
  query: z.string().min(1).max(8192),
  group_by: z.array(z.string().max(128)).min(1).max(8).default(['service_name']),
  window: durationSchema(10_000, 7 * 86_400_000).default(600_000),
  min_growth: amountSchema,
  min_growth_ratio: z.number().min(0).max(1000).default(0.1),
  for: durationSchema(0, 86_400_000).default(0),
  evaluate_every: durationSchema(1000, 3_600_000).default(15_000),
  webhook_url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
});
export type FileRule = z.infer<typeof fileRuleSchema>;

/** `rules` of `everflame.yaml`. */
export const fileRulesSchema = z
  .array(fileRuleSchema)
  .refine(
    (rules) => new Set(rules.map(({ name }) => name)).size === rules.length,
    'rule names must be unique',
  )
  .default([]);
