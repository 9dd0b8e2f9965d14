import { DAY_MS, HOUR_MS, InvalidArgumentError, type TimeRange } from '@everflame/profile';

const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400].map(
  (seconds) => seconds * 1000,
);
const LEAST_DEFAULT_MS = 15_000;
const TARGET_BUCKETS = 240;
const MAX_BUCKETS = 11_000;

/** The width of the buckets of a timeline: the one that is asked for, or a default. Throws `too_many_buckets`. */
export function chooseStep(range: TimeRange, askedMs: number | undefined): number {
  const stepMs = askedMs ?? defaultStep(range);
  if ((range.toMs - range.fromMs) / stepMs > MAX_BUCKETS) {
    throw new InvalidArgumentError(`A step of ${stepMs} ms gives more than ${MAX_BUCKETS} buckets.`, {
      code: 'too_many_buckets',
      hint: 'Widen the step or shorten the range.',
    });
  }
  return stepMs;
}

/**
 * A round width of at least 15 s that gives at most 240 buckets. In long ranges it is a multiple of an hour or a day,
 * which rollups answer.
 */
function defaultStep({ fromMs, toMs }: TimeRange): number {
  const lengthMs = toMs - fromMs;
  const rollupMs = lengthMs > 60 * DAY_MS ? DAY_MS : lengthMs > 2 * DAY_MS ? HOUR_MS : 0;
  const leastMs = Math.max(lengthMs / TARGET_BUCKETS, LEAST_DEFAULT_MS, rollupMs);
  return STEPS_MS.find((step) => step >= leastMs) ?? DAY_MS;
}
