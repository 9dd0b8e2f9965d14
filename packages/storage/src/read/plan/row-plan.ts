import type { TimeRange } from '@everflame/profile';
import { type Resolution, RESOLUTIONS } from '../../rollup/resolutions.ts';

/** Intervals of one plan; beyond, short runs of buckets are read from what is finer. */
const MAX_INTERVALS = 48;
/** Beyond as many late services all services are treated as the latest of them. */
const MAX_LATE_SERVICES = 100;

/** Rows of one resolution, or raw profiles, within some intervals, of some services. */
export interface PlanPart {
  /** Raw profiles where absent. */
  readonly resolution?: Resolution | undefined;
  /** Ascending, disjoint `[from, to)` in Unix ms. */
  readonly intervals: readonly (readonly [fromMs: number, toMs: number])[];
  /** Whether series may have rows in several partitions, of which the newest counts. */
  readonly hasMoved?: boolean | undefined;
  /** All services where absent. */
  readonly services?: { readonly are: 'in' | 'not in'; readonly names: readonly string[] } | undefined;
}

/** Parts that together hold every profile of a range once. */
export type RowPlan = readonly PlanPart[];

/** Starts of buckets in Unix ms, by the name of their resolution. */
export type Buckets = ReadonlyMap<string, ReadonlySet<number>>;

/** What is known of the rollups of a range. */
export interface RolledUp {
  readonly buckets: Buckets;
  /** Whether a series in any of them has rows in several classes of retention. */
  readonly hasMoved?: boolean | undefined;
  /** The buckets that a service got profiles in after they were rolled up. */
  readonly late: ReadonlyMap<string, Buckets>;
}

/** What a reader asks of the rows of a plan. */
export interface PlanNeeds {
  /** Whether rows of the resolution tell apart what the reader wants to; all do where absent. */
  readonly isFine?: ((resolution: Resolution) => boolean) | undefined;
  /** No row may hold profiles from both sides of this time. */
  readonly cutMs?: number | undefined;
}

export interface PlanRange extends PlanNeeds, TimeRange {
  /** True where the range is of a single service, which is then the only one in `late`. */
  readonly isOneService?: boolean | undefined;
}

export function rawPlan({ fromMs, toMs }: TimeRange): RowPlan {
  return [{ intervals: [[fromMs, toMs]] }];
}

/** Covers the range with whole buckets, the coarsest first, and raw profiles for what is left. */
export function planRows(rolledUp: RolledUp, range: PlanRange): RowPlan {
  const names = [...rolledUp.late.keys()].toSorted();
  if (names.length === 0) return partsFor(rolledUp, range, []);
  if (range.isOneService === true || names.length > MAX_LATE_SERVICES)
    return partsFor(rolledUp, range, names);
  return [
    ...partsFor(rolledUp, range, []).map((part) => ({
      ...part,
      services: { are: 'not in', names } as const,
    })),
    ...partsFor(rolledUp, range, names).map((part) => ({ ...part, services: { are: 'in', names } as const })),
  ];
}

function partsFor(rolledUp: RolledUp, range: PlanRange, late: readonly string[]): PlanPart[] {
  let runs = findRuns(rolledUp, range, late, 1);
  for (let least = 2; runs.length > MAX_INTERVALS; least *= 2) runs = findRuns(rolledUp, range, late, least);
  return [...RESOLUTIONS.toReversed(), undefined].flatMap((resolution) => {
    const intervals = runs
      .filter((run) => run.resolution === resolution)
      .map((run) => [run.fromMs, run.toMs] as const);
    if (intervals.length === 0) return [];
    if (resolution === undefined) return [{ intervals }];
    return [
      rolledUp.hasMoved === true ? { resolution, intervals, hasMoved: true } : { resolution, intervals },
    ];
  });
}

interface Interval {
  readonly fromMs: number;
  toMs: number;
}

interface Run extends Interval {
  readonly resolution: Resolution | undefined;
}

/** Runs of neighbouring buckets; runs of fewer than `leastBuckets` are left to what is finer. */
function findRuns(
  rolledUp: RolledUp,
  range: PlanRange,
  late: readonly string[],
  leastBuckets: number,
): Run[] {
  const { isFine = () => true, cutMs = range.fromMs } = range;
  const lateBuckets = late.flatMap((name) => rolledUp.late.get(name) ?? []);
  let runs: Run[] = [];
  for (const resolution of RESOLUTIONS.toReversed().filter((coarse) => isFine(coarse))) {
    const { name, widthMs } = resolution;
    const isGood = (startMs: number): boolean => {
      const isCut = startMs < cutMs && cutMs < startMs + widthMs;
      if (isCut || rolledUp.buckets.get(name)?.has(startMs) !== true) return false;
      return lateBuckets.every((buckets) => buckets.get(name)?.has(startMs) !== true);
    };
    const found = findGaps(range, runs).flatMap((gap) => longRuns(gap, widthMs, leastBuckets, isGood));
    runs = [...runs, ...found.map((run) => ({ resolution, ...run }))].toSorted((a, b) => a.fromMs - b.fromMs);
  }
  return [...runs, ...findGaps(range, runs).map((gap) => ({ resolution: undefined, ...gap }))];
}

/** Runs of at least `least` whole buckets within the interval that are all good. */
function longRuns(
  { fromMs, toMs }: Interval,
  widthMs: number,
  least: number,
  isGood: (startMs: number) => boolean,
): Interval[] {
  const runs: Interval[] = [];
  for (let startMs = Math.ceil(fromMs / widthMs) * widthMs; startMs + widthMs <= toMs; startMs += widthMs) {
    if (!isGood(startMs)) continue;
    const last = runs.at(-1);
    if (last?.toMs === startMs) last.toMs = startMs + widthMs;
    else runs.push({ fromMs: startMs, toMs: startMs + widthMs });
  }
  return runs.filter((run) => run.toMs - run.fromMs >= least * widthMs);
}

/** What the intervals, ascending, leave of the range. */
function findGaps(range: Interval, intervals: readonly Interval[]): Interval[] {
  const gaps: Interval[] = [];
  let nextMs = range.fromMs;
  for (const { fromMs, toMs } of intervals) {
    if (fromMs > nextMs) gaps.push({ fromMs: nextMs, toMs: fromMs });
    nextMs = toMs;
  }
  if (nextMs < range.toMs) gaps.push({ fromMs: nextMs, toMs: range.toMs });
  return gaps;
}
