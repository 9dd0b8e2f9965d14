import type { GrowthSettings } from '@everflame/contract';
import {
  checkMatchers,
  InvalidArgumentError,
  isLabelName,
  parseSelector,
  profileKindOf,
  type ProfileType,
  type Selector,
} from '@everflame/profile';

/** What a growth rule reads: always a gauge. */
export interface GaugeSelector extends Selector {
  readonly profileType: ProfileType;
}

/**
 * Parses the query of a growth rule. Throws `InvalidSelectorError`, `regex_too_expensive`, or `InvalidArgumentError` with the
 * code `not_a_gauge` when it does not name a profile type whose values are a gauge's.
 */
export function parseGaugeQuery(query: string): GaugeSelector {
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

/** Checks what the schema of a growth rule cannot: the query and the label names. */
export function checkGrowthSettings({ query, groupBy }: GrowthSettings): void {
  parseGaugeQuery(query);
  const unusable = groupBy.find((name) => !isLabelName(name));
  if (unusable !== undefined) {
    throw new InvalidArgumentError(`${JSON.stringify(unusable)} in groupBy is not a label name.`, {
      code: 'invalid_label',
      hint: 'A label name starts with a letter or underscore and goes on with letters, digits, underscores and dots.',
    });
  }
  if (new Set(groupBy).size !== groupBy.length) {
    throw new InvalidArgumentError('groupBy names a label twice.', { code: 'invalid_label' });
  }
}

function notAGauge(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, {
    code: 'not_a_gauge',
    hint: 'Name a level, such as memory:inuse_space:bytes:space:bytes or goroutines:goroutine:count:goroutine:count.',
  });
}
