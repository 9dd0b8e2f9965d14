import { labelPredicate, parseSelector } from '@everflame/profile';
import { z } from 'zod';
import { problemOf } from './units.ts';

/** Dictionary rows expire after 450 days, so nothing that needs them may be kept much longer than this. */
const MAX_RETENTION_DAYS = 400;
/** Every number of days is a class with partitions of its own for each day, which an insert has to split its rows by. */
const MAX_RETENTION_CLASSES = 8;

/** How long the series with these labels are kept. The first rule that matches a series counts. */
const retentionRuleSchema = z
  .strictObject({
    /** Matchers in braces, such as {env="dev"}. */
    match: z.string().min(2).max(8192),
    /** Days that profiles are kept. */
    days: z.number().int().min(1).max(MAX_RETENTION_DAYS),
    /** Days that their rollups are kept. */
    rollup_days: z.number().int().min(1).max(MAX_RETENTION_DAYS).default(MAX_RETENTION_DAYS),
  })
  .refine((rule) => rule.rollup_days >= rule.days, {
    path: ['rollup_days'],
    message: 'rollups must be kept at least as long as the profiles they are made of',
  });

/** The series that a rule is for; names no profile type, as all of a series are kept alike. */
function reportMatchProblem({ match }: RetentionRule, context: z.RefinementCtx<RetentionRule>): void {
  const message = problemOf(() => {
    const { profileType, matchers } = parseSelector(match);
    if (profileType !== undefined) return 'name labels only; all profile types of a series are kept alike';
    labelPredicate(matchers);
    return undefined;
  });
  if (message !== undefined) context.addIssue({ code: 'custom', path: ['match'], message });
}

export type RetentionRule = z.infer<typeof retentionRuleSchema>;

function countDistinct(values: readonly number[]): number {
  return new Set(values).size;
}

/** `retention` of `everflame.yaml`. */
export const retentionSchema = z
  .array(retentionRuleSchema.superRefine(reportMatchProblem))
  .max(64)
  .refine(
    (rules) => countDistinct(rules.map((rule) => rule.days)) <= MAX_RETENTION_CLASSES,
    `there can be ${MAX_RETENTION_CLASSES} different values of days, because each has partitions of its own`,
  )
  .refine(
    (rules) => countDistinct(rules.map((rule) => rule.rollup_days)) <= MAX_RETENTION_CLASSES,
    `there can be ${MAX_RETENTION_CLASSES} different values of rollup_days, because each has partitions of its own`,
  )
  .default([]);
