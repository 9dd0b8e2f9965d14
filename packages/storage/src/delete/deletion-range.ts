import { DAY_MS, type TimeRange } from '@everflame/profile';
import { checkedRange, type SeriesFilter } from '../read/profile-filter.ts';

/** What a range of profiles means for rows that stand for buckets of one width. */
export interface BucketRange {
  /** Buckets that the range touches. */
  readonly touched: TimeRange;
  /** Buckets that lie in the range as a whole; empty where `fromMs` is not before `toMs`. */
  readonly whole: TimeRange;
  /** Starts of the buckets of which only a part lies in the range; at most two. */
  readonly edges: readonly number[];
}

/** Throws `invalid_range`. */
export function bucketRange(filter: SeriesFilter, widthMs: number): BucketRange {
  const { fromMs, toMs } = checkedRange(filter);
  const touched = { fromMs: floor(fromMs, widthMs), toMs: ceil(toMs, widthMs) };
  const whole = { fromMs: ceil(fromMs, widthMs), toMs: floor(toMs, widthMs) };
  const edges = [
    ...(fromMs === touched.fromMs ? [] : [touched.fromMs]),
    ...(toMs === touched.toMs ? [] : [whole.toMs]),
  ];
  return { touched, whole, edges: [...new Set(edges)] };
}

export function isEmpty({ fromMs, toMs }: TimeRange): boolean {
  return fromMs >= toMs;
}

/** The filter with the whole days of an interval as its range. */
export function withDays(filter: SeriesFilter, { fromMs, toMs }: TimeRange): SeriesFilter {
  return { ...filter, fromMs, toMs: Math.max(toMs, fromMs + DAY_MS) };
}

function floor(timeMs: number, widthMs: number): number {
  return timeMs - (timeMs % widthMs);
}

function ceil(timeMs: number, widthMs: number): number {
  return Math.ceil(timeMs / widthMs) * widthMs;
}
