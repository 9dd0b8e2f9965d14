import type { DiffQuery } from '@everflame/contract';
import {
  checkMatchers,
  InvalidArgumentError,
  InvalidSelectorError,
  parseRange,
  parseSelector,
} from '@everflame/profile';
import type { Principal } from '@everflame/service-kit';
import type { ProfileFilter, SeriesFilter } from '@everflame/storage';
import { parseTags, type TagParams } from './tag-conditions.ts';

/** What every question comes with besides its parameters: who asks, and when. */
export interface QueryContext extends Principal {
  readonly nowMs: number;
  readonly maxRangeDays: number;
}

interface RangeParams {
  readonly query: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export type ProfileParams = RangeParams & TagParams;

export type ComparisonParams = TagParams &
  Pick<DiffQuery, 'left_query' | 'left_from' | 'left_to' | 'right_query' | 'right_from' | 'right_to'>;

/** Profiles of one profile type to compare: left is before, right is after. */
export interface Comparison {
  readonly left: ProfileFilter;
  readonly right: ProfileFilter;
}

/** Series of a range, of one profile type or all. Throws `regex_too_expensive`. */
export function parseSeriesFilter(context: QueryContext, params: RangeParams): SeriesFilter {
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
export function parseProfileFilter(context: QueryContext, params: ProfileParams): ProfileFilter {
  const { profileTypeId, ...filter } = parseSeriesFilter(context, params);
  if (profileTypeId === undefined) throw new InvalidSelectorError('The query names no profile type.');
  const tags = parseTags(params);
  return { ...filter, profileTypeId, ...(tags.length === 0 ? {} : { tags }) };
}

/** Both sides of a comparison; throws `profile_types_differ`. */
export function parseComparison(context: QueryContext, params: ComparisonParams): Comparison {
  const { left_query, left_from, left_to, right_query, right_from, right_to, ...tags } = params;
  const left = parseProfileFilter(context, { ...tags, query: left_query, from: left_from, to: left_to });
  const right = parseProfileFilter(context, { ...tags, query: right_query, from: right_from, to: right_to });
  if (left.profileTypeId !== right.profileTypeId) {
    throw new InvalidArgumentError(`Cannot compare ${left.profileTypeId} with ${right.profileTypeId}.`, {
      code: 'profile_types_differ',
      hint: 'Name the same profile type on both sides.',
    });
  }
  return { left, right };
}
