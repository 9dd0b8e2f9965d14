import type { Matcher } from '@everflame/profile';
import type { Normalize, Side } from '../../api/queries.ts';
import type { CompareSearch } from './search.ts';
import { DEFAULT_RANGE, previousRange, type TimeRange } from '../../time/range.ts';
import { partsOfSelector, selectorFor, type SelectorParts } from '../../features/filters/matchers.ts';

/** Which side of a comparison: left is before, right is after. */
export type SideName = 'left' | 'right';

interface ComparedSide extends Side, SelectorParts {}

/** A comparison as the URL describes it; what the URL leaves out is the hour before the last and the last hour. */
export interface Comparison {
  readonly service: string;
  readonly type: string;
  readonly left: ComparedSide;
  readonly right: ComparedSide;
  readonly normalize: Normalize;
}

/** Reads the comparison; null while no service is chosen. */
export function readComparison(search: CompareSearch): Comparison | null {
  const given = search.right_query ?? search.left_query;
  if (given === undefined) return null;
  const right = readSide(search, 'right', given, DEFAULT_RANGE);
  const left = readSide(search, 'left', given, previousRange(right.range, Date.now()));
  const service = right.service || left.service;
  const type = right.type || left.type;
  return { service, type, left, right, normalize: search.normalize ?? 'none' };
}

function readSide(search: CompareSearch, side: SideName, given: string, range: TimeRange): ComparedSide {
  const query = search[`${side}_query`] ?? given;
  const from = search[`${side}_from`] ?? range.from;
  const to = search[`${side}_to`] ?? range.to;
  return { query, range: { from, to }, ...partsOfSelector(query) };
}

/** URL state of one side. */
export function sideSearch(side: SideName, query: string, range: TimeRange): CompareSearch {
  return { [`${side}_query`]: query, [`${side}_from`]: range.from, [`${side}_to`]: range.to };
}

/** A comparison of a range with the one before it. */
export function compareWithPrevious(query: string, range: TimeRange): CompareSearch {
  return {
    ...sideSearch('left', query, previousRange(range, Date.now())),
    ...sideSearch('right', query, range),
  };
}

/** A comparison of two versions of a service over the same range, per instance as their counts may differ. */
export function compareVersions(
  scope: { readonly type: string; readonly service: string; readonly matchers: readonly Matcher[] },
  versions: { readonly before: string; readonly after: string },
  range: TimeRange,
): CompareSearch {
  const others = scope.matchers.filter((matcher) => matcher.name !== 'version');
  const query = (version: string): string =>
    selectorFor(scope.type, scope.service, [...others, { name: 'version', op: '=', value: version }]);
  return {
    ...sideSearch('left', query(versions.before), range),
    ...sideSearch('right', query(versions.after), range),
    normalize: 'instance_seconds',
  };
}
