import { DomainError, InvalidArgumentError, InvalidSelectorError } from '../errors.ts';
import { parseRegex } from '../pattern/pattern.ts';
import { patternCost } from '../pattern/pattern-cost.ts';
import type { Matcher } from './selector.ts';

/** What the regular expressions of one selector may cost together; see `patternCost`. */
export const MAX_REGEX_STEPS = 10_000;

/**
 * Refuses regular expressions before anything is compiled of them. Throws `InvalidSelectorError` for one that is none, and
 * `regex_too_expensive` above `MAX_REGEX_STEPS`.
 */
export function checkMatchers(matchers: readonly Matcher[]): void {
  const patterns = matchers.filter(({ op }) => op === '=~' || op === '!~').map(({ value }) => value);
  try {
    checkPatterns(patterns);
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'invalid_regex') throw error;
    throw new InvalidSelectorError(error.message, error.hint);
  }
}

/** The same for patterns on their own. Throws `invalid_regex` and `regex_too_expensive`. */
export function checkPatterns(patterns: readonly string[]): void {
  const steps = patterns.reduce((all, pattern) => all + patternCost(pattern), 0);
  if (steps <= MAX_REGEX_STEPS) {
    for (const pattern of patterns) parseRegex(pattern);
    return;
  }
  throw new InvalidArgumentError(
    `The regular expressions cost about ${Number(steps.toPrecision(3))} steps; ${MAX_REGEX_STEPS} are allowed.`,
    {
      code: 'regex_too_expensive',
      hint: 'Repeat less: what is in x{1000} counts a thousand times. A plain character is 1 step, a choice, a ?, * or + and a class are 50, \\pL is 550.',
    },
  );
}
