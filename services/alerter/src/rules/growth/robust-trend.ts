import type { GaugePoint } from './growth-ports.ts';

const MAX_POINTS = 200;

/** What the pairs of points of one series say about its direction. */
export type Trend = Readonly<ReturnType<typeof trendOf>>;

/**
 * The robust trend of a series: up to 29 % of its points may be outliers without effect on the slope.
 * Costs O(n²) over at most 200 points; longer series are thinned to that by averaging neighbours.
 * Sources: Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968; Mann, "Nonparametric
 * tests against trend", 1945.
 */
export function trendOf(points: readonly GaugePoint[]) {
  const thinned = thin(points);
  const count = thinned.length;
  const values = Float64Array.from(thinned, (point) => point.value);
  const times = Float64Array.from(thinned, (point) => point.atMs);
  const slopes = new Float64Array((count * (count - 1)) / 2);
  let filled = 0;
  let score = 0;
  for (let later = 1; later < count; later++) {
    for (let earlier = 0; earlier < later; earlier++) {
      const rise = (values[later] as number) - (values[earlier] as number);
      slopes[filled++] = rise / ((times[later] as number) - (times[earlier] as number));
      score += Math.sign(rise);
    }
  }
  slopes.sort();
  return {
    /** Theil–Sen slope: the median over all pairs of points of the slope between them, in value per ms. */
    slopePerMs: medianOfSorted(slopes),
    /** Mann–Kendall score: pairs that rise minus pairs that fall. */
    score,
    /** Variance of the score under "no trend". */
    scoreVariance: (count * (count - 1) * (2 * count + 5)) / 18,
  };
}

/** The value below which `share` of the values lie (nearest rank, so always one of them); 0 for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).toSorted();
  const rank = Math.ceil(share * sorted.length) - 1;
  return sorted[Math.max(0, Math.min(rank, sorted.length - 1))] ?? 0;
}

function medianOfSorted(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

function thin(points: readonly GaugePoint[]): readonly GaugePoint[] {
  if (points.length <= MAX_POINTS) return points;
  const width = Math.ceil(points.length / MAX_POINTS);
  const thinned: GaugePoint[] = [];
  for (let start = 0; start < points.length; start += width) {
    const chunk = points.slice(start, start + width);
    thinned.push({
      atMs: meanOf(chunk.map((point) => point.atMs)),
      value: meanOf(chunk.map((point) => point.value)),
    });
  }
  return thinned;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
