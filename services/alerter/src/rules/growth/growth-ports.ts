import { growthDetailsSchema } from '@everflame/contract';
import type { Principal } from '@everflame/service-kit';
import { z } from 'zod';
import type { GaugeSelector } from './growth-selector.ts';

/** The average of one series in one bucket of time. */
export interface GaugePoint {
  /** Start of the bucket, Unix ms. */
  readonly atMs: number;
  /** Average of the profiles in the bucket, in the unit of the profile type. */
  readonly value: number;
}

/** One series of a gauge; points ascend in time, buckets without a profile are absent. */
export interface GaugeSeries {
  readonly fingerprint: string;
  readonly points: readonly GaugePoint[];
}

/** The series that a rule judges together, and the label values that they share. */
export interface SeriesGroup {
  readonly labels: Readonly<Record<string, string>>;
  readonly series: readonly GaugeSeries[];
}

/** Which averages to read. */
export interface GaugeRange {
  readonly selector: GaugeSelector;
  readonly groupBy: readonly string[];
  /** Unix ms; `[fromMs, toMs)`. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/** Reads averages of gauges. Throws `LimitExceededError` when there are more series than can be judged. */
export interface SeriesReader {
  /** Returns one group per set of values of the `groupBy` labels (a missing label is `''`), with every series of its own. */
  read(principal: Principal, range: GaugeRange): Promise<readonly SeriesGroup[]>;
}

/** Two ranges of one selector, as parameters of the query API. */
export type Comparison = Readonly<Record<`${'left' | 'right'}_${'query' | 'from' | 'to'}`, string>>;

export const storedDetailsSchema = growthDetailsSchema.extend({
  /** Why the functions that grew are not known. */
  explanationError: z.string().nullable(),
});
/** Details of an alert as they are stored. */
export type GrowthDetails = z.infer<typeof storedDetailsSchema>;
export type GrownFunction = GrowthDetails['grownFunctions'][number];

export interface GrowthExplainer {
  /** Returns the functions whose self value grew most from left to right, largest growth first. */
  explain(principal: Principal, comparison: Comparison): Promise<readonly GrownFunction[]>;
}
