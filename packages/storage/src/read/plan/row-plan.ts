import type { Level } from './row-source.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Intervals of one plan; beyond, short runs of folded buckets are read from a finer level. */
const MAX_INTERVALS = 48;
/** Beyond as many late services all services are treated as the latest of them. */
const MAX_LATE_SERVICES = 100;

/** Rows of one level within some intervals, of some services. */
export interface LevelPart {
  readonly level: Level;
  /** Ascending, disjoint `[from, to)` in Unix ms. */
  readonly intervals: readonly (readonly [fromMs: number, toMs: number])[];
  /** Whether series may have rows in several partitions, of which the newest counts. */
  readonly hasMoved?: boolean | undefined;
  /** All services where absent. */
  readonly services?: { readonly are: 'in' | 'not in'; readonly names: readonly string[] } | undefined;
}

/** Parts that together hold every profile of a range once. */
export type LevelPlan = readonly LevelPart[];

/** What is known of the folded buckets in a range; times are starts in Unix ms. */
export interface FoldedState {
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  /** Whether a series in any of them has rows in several classes of retention. */
  readonly hasMoved?: boolean | undefined;
  /** Per service with profiles later than a bucket was folded: these buckets. */
  readonly late: ReadonlyMap<
    string,
    { readonly hours: ReadonlySet<number>; readonly days: ReadonlySet<number> }
  >;
}

export interface PlanRange {
  readonly fromMs: number;
  readonly toMs: number;
  /** True where the range is of a single service, which is then the only one in `late`. */
  readonly isOneService?: boolean | undefined;
  /** The coarsest level that tells apart what the reader wants to; `day` where absent. */
  readonly coarsest?: Level | undefined;
  /** No row may hold profiles from both sides of this time. */
  readonly cutMs?: number | undefined;
}

export function rawPlan({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): LevelPlan {
  return [{ level: 'raw', intervals: [[fromMs, toMs]] }];
}

/** Covers the range with whole folded days, whole folded hours, and raw profiles for what is left. */
export function planOf(state: FoldedState, range: PlanRange): LevelPlan {
  const names = [...state.late.keys()].toSorted();
  if (names.length === 0) return partsOf(state, range, []);
  if (range.isOneService === true || names.length > MAX_LATE_SERVICES) return partsOf(state, range, names);
  return [
    ...partsOf(state, range, []).map((part) => ({ ...part, services: { are: 'not in', names } as const })),
    ...partsOf(state, range, names).map((part) => ({ ...part, services: { are: 'in', names } as const })),
  ];
}

interface Run {
  readonly level: Level;
  readonly fromMs: number;
  toMs: number;
}

function partsOf(state: FoldedState, range: PlanRange, late: readonly string[]): LevelPart[] {
  let runs = runsOf(state, range, late, 1);
  for (let least = 2; runs.length > MAX_INTERVALS; least *= 2) runs = runsOf(state, range, late, least);
  return (['day', 'hour', 'raw'] as const).flatMap((level) => {
    const intervals = runs.filter((run) => run.level === level).map((run) => [run.fromMs, run.toMs] as const);
    if (intervals.length === 0) return [];
    return [
      level !== 'raw' && state.hasMoved === true
        ? { level, intervals, hasMoved: true }
        : { level, intervals },
    ];
  });
}

/** Runs of neighbouring buckets; runs of fewer than `leastBuckets` are left to the next finer level. */
function runsOf(state: FoldedState, range: PlanRange, late: readonly string[], leastBuckets: number): Run[] {
  const marks = late.flatMap((name) => state.late.get(name) ?? []);
  const { coarsest = 'day', cutMs = range.fromMs } = range;
  const isCut = (startMs: number, size: number): boolean => startMs < cutMs && cutMs < startMs + size;
  const days = longRuns(range, DAY_MS, leastBuckets, (dayMs) => {
    const isFolded = coarsest === 'day' && state.days.has(dayMs) && !isCut(dayMs, DAY_MS);
    return isFolded && marks.every((mark) => !mark.days.has(dayMs));
  });
  const hours = gapsOf(range, days).flatMap((gap) =>
    longRuns(gap, HOUR_MS, leastBuckets, (hourMs) => {
      const isFolded = coarsest !== 'raw' && state.hours.has(hourMs) && !isCut(hourMs, HOUR_MS);
      return isFolded && marks.every((mark) => !mark.hours.has(hourMs));
    }),
  );
  const folded = [
    ...days.map((run) => ({ level: 'day' as const, ...run })),
    ...hours.map((run) => ({ level: 'hour' as const, ...run })),
  ].toSorted((a, b) => a.fromMs - b.fromMs);
  return [...folded, ...gapsOf(range, folded).map((gap) => ({ level: 'raw' as const, ...gap }))];
}

interface Interval {
  readonly fromMs: number;
  toMs: number;
}

/** Runs of at least `least` whole buckets within the interval that are all good. */
function longRuns(
  { fromMs, toMs }: Interval,
  size: number,
  least: number,
  isGood: (startMs: number) => boolean,
): Interval[] {
  const runs: Interval[] = [];
  for (let at = Math.ceil(fromMs / size) * size; at + size <= toMs; at += size) {
    if (!isGood(at)) continue;
    const last = runs.at(-1);
    if (last?.toMs === at) last.toMs = at + size;
    else runs.push({ fromMs: at, toMs: at + size });
  }
  return runs.filter((run) => run.toMs - run.fromMs >= least * size);
}

/** What the intervals, ascending, leave of the range. */
function gapsOf(range: Interval, intervals: readonly Interval[]): Interval[] {
  const gaps: Interval[] = [];
  let at = range.fromMs;
  for (const { fromMs, toMs } of intervals) {
    if (fromMs > at) gaps.push({ fromMs: at, toMs: fromMs });
    at = toMs;
  }
  if (at < range.toMs) gaps.push({ fromMs: at, toMs: range.toMs });
  return gaps;
}
