import type { GrowthSettings } from '@everflame/contract';
import type { GaugeSeries } from './growth-ports.ts';
import type { Trend } from './robust-trend.ts';
import { currentRun, growthOf, type SeriesGrowth } from './series-growth.ts';

/** Least share of the whole rise that lies between neighbouring thirds: growth began earlier and goes on. */
const MIN_STEP_SHARE = 0.2;
/** Least Mann–Kendall z: fewer than 1 % of trendless series rise as steadily by chance. */
const MIN_TREND_Z = 2.4;
/** The steadiest possible rise of five points reaches z = 2.2. */
const FEW_POINTS_TREND_Z = 2;
const FEW_POINTS = 7;
const KEEP_SHARE = 0.5;
const MIN_DOMINANT_SHARE = 0.2;
const HOUR_MS = 3_600_000;

/** What a rule calls growth: `minGrowth` over what is judged of the window, relative to the value in its first third. */
export type GrowthCondition = Pick<GrowthSettings, 'windowMs' | 'minGrowth' | 'minGrowthRatio'>;

export interface GrowthVerdict {
  readonly outcome: 'growing' | 'steady' | 'too_few_points';
  /** Value now, summed over the series that still report. */
  readonly value: number;
  /** When the youngest process among them was seen to start; undefined when none started in the window. */
  readonly restartedAt: number | undefined;
  /** Growth over the judged span: the smaller of slope times span and the difference of values. */
  readonly growth: number;
  readonly growthPerHour: number;
  /** When the growth began, Unix ms. */
  readonly since: number;
  /** The same of the judged series alone, when growth began and now. */
  readonly valueBefore: number;
  readonly valueNow: number;
}

/**
 * Decides whether a group of gauge series grows as a leak does. Series are judged one by one and their growths
 * added up, so an instance that joins or leaves is no growth, and one that shrinks offsets one that grows. Only
 * series that still report count, from their last restart on, once they have 5 points over 40 % of the window.
 * It grows when, summed over those series,
 * 1. Theil–Sen slope x span, and the difference of the values of the first and last third, both reach `minGrowth`
 *    and `minGrowthRatio` x the value of the first third;
 * 2. the middle third is above the first and the last above the middle by a fifth of that difference each,
 *    so neither a single step nor a warm-up that has ended counts;
 * 3. the rise is steady: Mann–Kendall z of 2.4 or more (2 for fewer than 7 points).
 * While an alert fires (`isFiring`) half of `minGrowth` and `minGrowthRatio` keeps it firing.
 */
export function judgeGrowth(
  series: readonly GaugeSeries[],
  condition: GrowthCondition,
  nowMs: number,
  isFiring = false,
): GrowthVerdict {
  const window = { fromMs: nowMs - condition.windowMs, nowMs };
  const runs = series.map((one) => currentRun(one, window)).filter((run) => run !== undefined);
  const judged = runs.map((run) => growthOf(run, condition.windowMs)).filter((one) => one !== undefined);
  const all = {
    value: sumOf(runs, (run) => run.value),
    restartedAt: runs.reduce<number | undefined>(
      (latest, run) => (run.startedAt === undefined ? latest : Math.max(latest ?? 0, run.startedAt)),
      undefined,
    ),
  };
  if (judged.length === 0) return { ...all, ...NO_GROWTH, outcome: 'too_few_points' };
  const growth = Math.min(
    sumOf(judged, (one) => one.trend.slopePerMs * one.spanMs),
    sumOf(judged, (one) => one.rise),
  );
  const isGrowing =
    growsEnough(judged, growth, condition, isFiring ? KEEP_SHARE : 1) && growsSteadily(judged);
  return {
    ...all,
    outcome: isGrowing ? 'growing' : 'steady',
    growth,
    growthPerHour: sumOf(judged, (one) => one.trend.slopePerMs) * HOUR_MS,
    since: beginOf(judged),
    valueBefore: sumOf(judged, (one) => one.valueBefore),
    valueNow: sumOf(judged, (one) => one.valueNow),
  };
}

const NO_GROWTH = { growth: 0, growthPerHour: 0, since: 0, valueBefore: 0, valueNow: 0 } as const;

function growsEnough(
  judged: readonly SeriesGrowth[],
  growth: number,
  condition: GrowthCondition,
  share: number,
): boolean {
  const start = sumOf(judged, (one) => one.firstThird);
  return (
    growth > 0 &&
    growth >= condition.minGrowth * share &&
    growth >= condition.minGrowthRatio * share * Math.max(0, start)
  );
}

function growsSteadily(judged: readonly SeriesGrowth[]): boolean {
  const first = sumOf(judged, (one) => one.firstThird);
  const middle = sumOf(judged, (one) => one.middleThird);
  const last = sumOf(judged, (one) => one.lastThird);
  const least = MIN_STEP_SHARE * (last - first);
  if (middle - first < least || last - middle < least) return false;
  const points = Math.max(...judged.map((one) => one.points));
  return combinedZ(judged) >= (points < FEW_POINTS ? FEW_POINTS_TREND_Z : MIN_TREND_Z);
}

/** Mann–Kendall z over all series, each weighted by how far it moved (Stouffer), so the still ones do not dilute. */
function combinedZ(judged: readonly SeriesGrowth[]): number {
  const weightOf = (one: SeriesGrowth): number => Math.abs(one.rise);
  const norm = Math.sqrt(sumOf(judged, (one) => weightOf(one) ** 2));
  if (norm === 0) return 0;
  return sumOf(judged, (one) => weightOf(one) * zOf(one.trend)) / norm;
}

/** Less one towards zero for continuity: the score moves in steps of two. */
function zOf({ score, scoreVariance }: Trend): number {
  return (score - Math.sign(score)) / Math.sqrt(scoreVariance);
}

/** When the first of the series that carry the growth began to grow. */
function beginOf(judged: readonly SeriesGrowth[]): number {
  const largest = Math.max(...judged.map((one) => one.rise));
  const carrying = judged.filter((one) => one.rise >= MIN_DOMINANT_SHARE * largest);
  return Math.min(...(carrying.length > 0 ? carrying : judged).map((one) => one.beganAt));
}

function sumOf<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((sum, item) => sum + valueOf(item), 0);
}
