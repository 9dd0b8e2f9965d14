import type { Matcher } from '@everflame/profile';
import type { Normalize, Side } from '../../api/queries.ts';
import type { CompareSearch } from './search.ts';
import { DEFAULT_RANGE, previousRange, type TimeRange } from '../../time/range.ts';
import { partsOfSelector, selectorFor, type SelectorParts } from '../../features/filters/matchers.ts';

/** Which side of a comparison: left is before, right is after. */
export type SideName = 'left' | 'right';

/** A comparison as the URL describes it; what the URL leaves out is the hour before the last and the last hour. */
export interface Comparison {
  readonly service: string;
  readonly type: string;
  readonly left: Side & { readonly matchers: readonly Matcher[] };
  readonly right: Side & { readonly matchers: readonly Matcher[] };
  readonly normalize: Normalize;
}

/** Reads the comparison; null while no service is chosen. */
export function readComparison(search: CompareSearch): Comparison | null {
  const given = search.right_query ?? search.left_query;
  if (given === undefined) return null;
  const right = partsOfSelector(search.right_query ?? given);
  const left = partsOfSelector(search.left_query ?? given);
  const afterRange = {
    from: search.right_from ?? DEFAULT_RANGE.from,
    to: search.right_to ?? DEFAULT_RANGE.to,
  };
  const beforeDefault = previousRange(afterRange, Date.now());
  return {
    service: right.service || left.service,
    type: right.type || left.type,
    left: sideOf(search.left_query ?? given, left, {
      from: search.left_from ?? beforeDefault.from,
      to: search.left_to ?? beforeDefault.to,
    }),
    right: sideOf(search.right_query ?? given, right, afterRange),
    normalize: search.normalize ?? 'none',
  };
}

function sideOf(query: string, parts: SelectorParts, range: TimeRange): Comparison['left'] {
  return { query, range, matchers: parts.matchers };
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
