import type { ParamsOf, PathOf } from '@everflame/client';
import type { TopDiffQuery } from '@everflame/contract';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { TimeRange } from '../time/range.ts';
import { api } from './client.ts';

/** One side of a comparison. */
export interface Side {
  /** Profile type id with matchers. */
  readonly query: string;
  readonly range: TimeRange;
}

/** How both sides of a comparison are scaled. */
export type Normalize = TopDiffQuery['normalize'];

/** Parameters that name both sides of a comparison. */
export function sideParams(left: Side, right: Side, normalize: Normalize) {
  return {
    left_query: left.query,
    left_from: left.range.from,
    left_to: left.range.to,
    right_query: right.query,
    right_from: right.range.from,
    right_to: right.range.to,
    normalize,
  };
}

function getOptions<P extends PathOf<'get'>>(path: P, params: ParamsOf<'get', P>) {
  return queryOptions({
    queryKey: [path, params],
    queryFn: ({ signal }) => api.get(path, params, { signal }),
    placeholderData: keepPreviousData,
  });
}

/** Services with profiles in the range. */
export function servicesQuery(range: TimeRange) {
  return getOptions('services', { ...range });
}

/** Profile types that exist under a selector in the range. */
export function profileTypesQuery(query: string, range: TimeRange) {
  return getOptions('profile-types', { query, ...range });
}

/** Label names under a selector in the range. */
export function labelNamesQuery(query: string, range: TimeRange) {
  return getOptions('labels', { query, ...range });
}

/** Values of one label under a selector in the range. */
export function labelValuesQuery(name: string, query: string, range: TimeRange) {
  return getOptions('labels/{name}/values', { name, query, ...range });
}

/** Totals over time as a rate, one line per value of `groupBy` when it is given. */
export function timelineQuery(query: string, range: TimeRange, groupBy?: string) {
  return getOptions('timeline', { query, ...range, group_by: groupBy, mode: 'rate' });
}

/** Functions by self value. */
export function topQuery(query: string, range: TimeRange, limit: number) {
  return getOptions('top', { query, ...range, limit });
}

/** Functions of both sides of a comparison. */
export function topDiffQuery(left: Side, right: Side, normalize: Normalize, limit: number) {
  return getOptions('top', { ...sideParams(left, right, normalize), limit });
}

/** Every alert the alerter knows. */
export function alertsQuery() {
  return getOptions('alerts', {});
}

/** Every rule, from the file and from the API. */
export function rulesQuery() {
  return getOptions('rules', {});
}

/** Every target with the health of its profiles. */
export function targetsQuery() {
  return getOptions('targets', {});
}
