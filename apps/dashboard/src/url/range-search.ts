import { DEFAULT_RANGE, type TimeRange } from '../time/range.ts';
import { flag, type SearchOf, time } from './parameters.ts';

/** Range and live refresh, in the URL of every page. */
export const RANGE_SEARCH = { from: time, to: time, live: flag };
export type RangeSearch = SearchOf<typeof RANGE_SEARCH>;

/** The range that a page shows; a missing end falls back to the last hour. */
export function rangeOf(search: RangeSearch): TimeRange {
  return { from: search.from ?? DEFAULT_RANGE.from, to: search.to ?? DEFAULT_RANGE.to };
}
