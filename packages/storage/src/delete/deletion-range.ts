import { BUCKET_MS } from '../rollup/roll-up.ts';
import { checkedRange, type SeriesFilter } from '../read/profile-filter.ts';

const { hour: HOUR_MS, day: DAY_MS } = BUCKET_MS;

/** `[fromMs, toMs)` in Unix ms. */
export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a range of profiles means for the rows that stand for whole hours and days. */
export interface DeletionRange extends Interval {
  /** Hours that lie in the range as a whole; empty where `fromMs` is not before `toMs`. */
  readonly hours: Interval;
  /** Starts of the hours of which only a part lies in the range; at most two. */
  readonly edgeHours: readonly number[];
  /** Days that the range touches. */
  readonly days: Interval;
  /** Starts of the days of which only a part lies in the range; at most two. */
  readonly edgeDays: readonly number[];
  /** Days that lie in the range as a whole; empty where `fromMs` is not before `toMs`. */
  readonly wholeDays: Interval;
}

/** Throws `invalid_range`. */
export function deletionRange(filter: SeriesFilter): DeletionRange {
  const { fromMs, toMs } = checkedRange(filter);
  return {
    fromMs,
    toMs,
    hours: inner(fromMs, toMs, HOUR_MS),
    edgeHours: edges(fromMs, toMs, HOUR_MS),
    days: { fromMs: floor(fromMs, DAY_MS), toMs: ceil(toMs, DAY_MS) },
    edgeDays: edges(fromMs, toMs, DAY_MS),
    wholeDays: inner(fromMs, toMs, DAY_MS),
  };
}

export function isEmpty({ fromMs, toMs }: Interval): boolean {
  return fromMs >= toMs;
}

function inner(fromMs: number, toMs: number, size: number): Interval {
  return { fromMs: ceil(fromMs, size), toMs: floor(toMs, size) };
}

function edges(fromMs: number, toMs: number, size: number): number[] {
  const starts = [
    ...(fromMs % size === 0 ? [] : [floor(fromMs, size)]),
    ...(toMs % size === 0 ? [] : [floor(toMs, size)]),
  ];
  return [...new Set(starts)];
}

function floor(timeMs: number, size: number): number {
  return timeMs - (timeMs % size);
}

function ceil(timeMs: number, size: number): number {
  return Math.ceil(timeMs / size) * size;
}
