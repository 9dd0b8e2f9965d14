import { compilePattern } from '../pattern/pattern.ts';
import type { LabelSet } from './label-set.ts';
import type { Matcher } from './selector.ts';

/** Whether a label set fulfils every matcher it was made of. */
export type LabelPredicate = (labels: LabelSet) => boolean;

/**
 * Compiles matchers to what a query would find with them. Takes time proportional to the labels, whatever the regular
 * expressions are. Throws `invalid_regex`.
 */
export function labelPredicate(matchers: readonly Matcher[]): LabelPredicate {
  const predicates = matchers.map(matcherPredicate);
  return (labels) => predicates.every((predicate) => predicate(labels));
}

function matcherPredicate({ name, op, value }: Matcher): LabelPredicate {
  const valueOf = (labels: LabelSet): string => labels.get(name) ?? '';
  if (op === '=') return (labels) => valueOf(labels) === value;
  if (op === '!=') return (labels) => valueOf(labels) !== value;
  // On its own first, so that a stray parenthesis cannot close the group around it.
  compilePattern(value);
  const pattern = compilePattern(`^(?s:${value})$`);
  const isWanted = op === '=~';
  return (labels) => pattern.test(valueOf(labels)) === isWanted;
}
