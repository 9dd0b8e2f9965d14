import type { RuleKindName } from '@everflame/contract';
import { DomainError } from '@everflame/profile';
import type { RuleKind, RuleKinds } from './rule-kind.ts';
import { GrowthRule, type GrowthRuleParts } from './growth/growth-rule.ts';

/** The kinds of rules that there are; their schemas are `RULE_KINDS` of the contract. */
export function openRuleKinds(parts: GrowthRuleParts): RuleKinds {
  return { growth: new GrowthRule(parts) } satisfies Record<RuleKindName, RuleKind>;
}

/** Throws `unknown_kind` for a rule of a kind that there is not. */
export function kindOf({ kind }: { readonly kind: string }, kinds: RuleKinds): RuleKind {
  const found = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (found === undefined)
    throw new DomainError('unsupported', 'unknown_kind', `There are no ${kind} rules.`);
  return found;
}
