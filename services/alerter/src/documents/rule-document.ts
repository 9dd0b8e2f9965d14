import { ruleInputSchema, type FileRule, type RuleInput } from '@everflame/contract';
import {
  checkMatchers,
  InvalidArgumentError,
  isLabelName,
  parseSelector,
  profileKindOf,
  type ProfileType,
  type Selector,
} from '@everflame/profile';
import { z } from 'zod';

/** A rule of the API as it is stored. */
export const ruleRecordSchema = ruleInputSchema.extend({
  id: z.string(),
  updatedAt: z.number(),
  webhookUrl: z.string().optional(),
});
export type RuleRecord = z.infer<typeof ruleRecordSchema>;

/** A rule that can be evaluated, wherever it comes from. */
export interface KnownRule extends RuleRecord {
  readonly source: 'file' | 'api';
}

/** What a rule reads: always a gauge. */
export interface GaugeSelector extends Selector {
  readonly profileType: ProfileType;
}

/**
 * Parses the query of a rule. Throws `InvalidSelectorError`, `regex_too_expensive`, or `InvalidArgumentError` with the code `not_a_gauge`
 * when it does not name a profile type whose values are levels.
 */
export function parseRuleQuery(query: string): GaugeSelector {
  const selector = parseSelector(query);
  checkMatchers(selector.matchers);
  const { profileType } = selector;
  if (profileType === undefined) {
    throw notAGauge('The query of a growth rule has to name a profile type.');
  }
  if (profileKindOf(profileType.name, profileType.sampleType) !== 'gauge') {
    throw notAGauge(
      `${profileType.id} is not a gauge: it counts what happens and has no level that could grow.`,
    );
  }
  return { ...selector, profileType };
}

/** Checks what the schema of a rule cannot: the query and the label names. */
export function checkRule(input: RuleInput): void {
  parseRuleQuery(input.query);
  const unusable = input.groupBy.find((name) => !isLabelName(name));
  if (unusable !== undefined) {
    throw new InvalidArgumentError(`${JSON.stringify(unusable)} in groupBy is not a label name.`, {
      code: 'invalid_label',
      hint: 'A label name starts with a letter or underscore and goes on with letters, digits, underscores and dots.',
    });
  }
  if (new Set(input.groupBy).size !== input.groupBy.length) {
    throw new InvalidArgumentError('groupBy names a label twice.', { code: 'invalid_label' });
  }
}

/** The input that a rule of everflame.yaml stands for. */
export function ruleInputOf(rule: FileRule): RuleInput {
  return ruleInputSchema.parse({
    name: rule.name,
    query: rule.query,
    groupBy: rule.group_by,
    windowMs: rule.window,
    minGrowth: rule.min_growth,
    minGrowthRatio: rule.min_growth_ratio,
    forMs: rule.for,
    evaluateEveryMs: rule.evaluate_every,
    webhookUrl: rule.webhook_url,
    enabled: true,
  });
}

function notAGauge(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, {
    code: 'not_a_gauge',
    hint: 'Name a level, such as memory:inuse_space:bytes:space:bytes or goroutines:goroutine:count:goroutine:count.',
  });
}
