import { DAY_MS, HOUR_MS, type TimeRange } from '@everflame/profile';

const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400].map(
  (seconds) => seconds * 1000,
);
const TARGET_BUCKETS = 240;
export const MAX_BUCKETS = 11_000;

/**
 * Bucket width for a timeline: at least `minimumMs`, a round one that gives about 240 buckets. In long ranges it is a
 * multiple of an hour or a day, which rollups answer.
 */
export function defaultStep(range: TimeRange, minimumMs = 15_000): number {
  const lengthMs = range.toMs - range.fromMs;
  const rollupMs = lengthMs > 60 * DAY_MS ? DAY_MS : lengthMs > 2 * DAY_MS ? HOUR_MS : 0;
  const leastMs = Math.max(lengthMs / TARGET_BUCKETS, minimumMs, rollupMs);
  return STEPS_MS.find((step) => step >= leastMs) ?? DAY_MS;
}
