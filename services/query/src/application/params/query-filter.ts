import { checkMatchers, InvalidSelectorError, parseSelector } from '@everflame/profile';
import type { ProfileFilter, SeriesFilter } from '@everflame/storage';
import { parseRange } from './time-range.ts';

/** What every query knows besides its parameters. */
export interface QueryContext {
  readonly tenant: string;
  readonly nowMs: number;
  readonly maxRangeDays: number;
}

interface RangeParams {
  readonly query: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Series of a range, of one profile type or all. Throws `regex_too_expensive`. */
export function seriesFilterOf(params: RangeParams, context: QueryContext): SeriesFilter {
  const { profileType, matchers } = parseSelector(params.query);
  checkMatchers(matchers);
  const range = parseRange(params.from, params.to, context);
  return {
    tenant: context.tenant,
    matchers,
    ...range,
    ...(profileType === undefined ? {} : { profileTypeId: profileType.id }),
  };
}

/** Profiles of one profile type; throws `InvalidSelectorError` when the query names none. */
export function profileFilterOf(params: RangeParams, context: QueryContext): ProfileFilter {
  const { profileTypeId, ...filter } = seriesFilterOf(params, context);
  if (profileTypeId === undefined) throw new InvalidSelectorError('The query names no profile type.');
  return { ...filter, profileTypeId };
}
