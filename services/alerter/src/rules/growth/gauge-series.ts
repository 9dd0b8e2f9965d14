/** The level of one series in one bucket of time. */
export interface GaugePoint {
  /** Start of the bucket, Unix ms. */
  readonly atMs: number;
  /** Mean level of the profiles in the bucket, in the unit of the profile type. */
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
