import { RULE_KINDS, ruleBaseSchema, type RuleInput } from '@everflame/contract';
import { z } from 'zod';
import type { DocumentForm, StoredBody } from './versioned-document.ts';

/** A rule: what every rule has, and settings that its kind alone understands. */
export const ruleDocumentSchema = ruleBaseSchema.extend({
  id: z.string(),
  kind: z.string(),
  labels: z.record(z.string(), z.string()),
  webhookUrl: z.string().optional(),
  updatedAt: z.number(),
  settings: z.record(z.string(), z.unknown()),
});
export type RuleDocument = z.infer<typeof ruleDocumentSchema>;

/** A rule that can be evaluated, wherever it comes from. */
export type KnownRule = RuleDocument & { readonly source: 'file' | 'api' };

export const RULE_FORM: DocumentForm<RuleDocument> = {
  what: 'rule',
  schema: ruleDocumentSchema,
  upgrades: [nameKind],
  idOf: (rule) => rule.id,
  changedAt: (rule) => rule.updatedAt,
  compare: (a, b) => a.name.localeCompare(b.name, 'en') || (a.id < b.id ? -1 : 1),
};

/** Makes of what the API or the file says of a rule what all rules have, and the settings of its kind. */
export function splitInput(input: RuleInput) {
  const settings = RULE_KINDS[input.kind].settings.parse(input);
  return { ...ruleBaseSchema.parse(input), kind: input.kind, settings };
}

/** Version 1 knew growth alone, with its settings among what every rule has. */
function nameKind(body: StoredBody): StoredBody {
  const { query, groupBy, windowMs, minGrowth, minGrowthRatio, ...rest } = body;
  return {
    ...rest,
    kind: 'growth',
    labels: {},
    settings: { query, groupBy, windowMs, minGrowth, minGrowthRatio },
  };
}
