import type { GaugePoint, GaugeSeries } from './growth-ports.ts';
import { quantile, trendOf } from './robust-trend.ts';

const RESTART_SHARE = 0.5;
/** This many falls by more than half within a window are garbage collection, not restarts. */
const SAWTOOTH_FALLS = 3;
const LOW_QUANTILE = 0.25;
/** Thirds of the span are two thirds of it apart, so their difference covers two thirds of the growth. */
const SPAN_PER_THIRDS = 1.5;
const MIN_POINTS = 5;
const MIN_SPAN_SHARE = 0.4;
const MIN_STALE_MS = 10_000;
const STALE_GAPS = 3;
/** Growth began where the series last was at or below its start plus this share of the growth. */
const BEGIN_SHARE = 0.1;

/** The stretch of a series since its process started, as far as the window shows it. */
type Run = NonNullable<ReturnType<typeof currentRun>>;

/** How one run moved; values of thirds are the lower quartile, which looks past garbage that awaits collection. */
export type SeriesGrowth = Readonly<NonNullable<ReturnType<typeof growthOf>>>;

/**
 * The run that a series is in now, or undefined when the series has ended (nothing for 10 s and for three times its
 * usual gap). A fall by more than half is a new process and cuts what was before, unless it happens three
 * times or more within the window.
 */
export function currentRun(series: GaugeSeries, window: { fromMs: number; nowMs: number }) {
  const { points } = series;
  const last = points.at(-1);
  const first = points[0];
  if (last === undefined || first === undefined) return undefined;
  const gapMs = usualGapMs(points);
  const staleMs = Math.max(MIN_STALE_MS, STALE_GAPS * gapMs);
  if (window.nowMs - last.atMs > staleMs) return undefined;
  const cut = lastRestart(points);
  const isNew = first.atMs - window.fromMs > staleMs;
  return {
    points: points.slice(cut),
    /** When the process was seen to start within the window; undefined when it ran before. */
    startedAt: cut > 0 ? points[cut]?.atMs : isNew ? first.atMs : undefined,
    value: last.value,
  };
}

/** Judges a run, or undefined when it is too short: 5 points over 40 % of the window, some in each third. */
export function growthOf({ points }: Pick<Run, 'points'>, windowMs: number) {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length < MIN_POINTS) return undefined;
  const spanMs = last.atMs - first.atMs;
  if (spanMs < MIN_SPAN_SHARE * windowMs) return undefined;
  const thirds = [0, 1, 2].map((third) => valuesOfThird(points, first.atMs, spanMs, third));
  if (thirds.some((values) => values.length === 0)) return undefined;
  const [firstThird = 0, middleThird = 0, lastThird = 0] = thirds.map((values) =>
    quantile(values, LOW_QUANTILE),
  );
  const values = points.map((point) => point.value);
  const range = Math.max(...values) - Math.min(...values);
  const rise = Math.min(SPAN_PER_THIRDS * (lastThird - firstThird), range);
  const began = points.findLast((point) => point.value <= firstThird + BEGIN_SHARE * rise) ?? first;
  return {
    points: points.length,
    trend: trendOf(points),
    spanMs,
    firstThird,
    middleThird,
    lastThird,
    /** Difference of first and last third, brought to the whole span, and never more than the series' range. */
    rise,
    beganAt: began.atMs,
    valueBefore: began.value,
    valueNow: last.value,
  };
}

function lastRestart(points: readonly GaugePoint[]): number {
  const falls: number[] = [];
  for (let index = 1; index < points.length; index++) {
    const before = points[index - 1] as GaugePoint;
    const after = points[index] as GaugePoint;
    if (after.value < before.value * RESTART_SHARE) falls.push(index);
  }
  return falls.length >= SAWTOOTH_FALLS ? 0 : (falls.at(-1) ?? 0);
}

function usualGapMs(points: readonly GaugePoint[]): number {
  const gaps = points.slice(1).map((point, index) => point.atMs - (points[index] as GaugePoint).atMs);
  return quantile(gaps, 0.5);
}

function valuesOfThird(
  points: readonly GaugePoint[],
  fromMs: number,
  spanMs: number,
  third: number,
): readonly number[] {
  const lower = fromMs + (spanMs * third) / 3;
  const upper = third === 2 ? Number.POSITIVE_INFINITY : fromMs + (spanMs * (third + 1)) / 3;
  return points.filter((point) => point.atMs >= lower && point.atMs < upper).map((point) => point.value);
}
