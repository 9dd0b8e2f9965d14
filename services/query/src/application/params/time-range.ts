import { InvalidArgumentError, isCalendarTime } from '@everflame/profile';

export interface TimeRange {
  /** Unix ms, inclusive. */
  readonly fromMs: number;
  /** Unix ms, exclusive. */
  readonly toMs: number;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};
const DEFAULT_FROM = 'now-1h';
const DAY_MS = 86_400_000;
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T/;
/** What a `Date` can hold, either side of 1970. */
const LAST_MS = 8.64e15;

/** Parses Unix ms, RFC 3339 or `now`, `now-90m`. Throws `InvalidArgumentError` (`invalid_time`). */
export function parseTime(text: string, nowMs: number): number {
  const timeMs = readTime(text, nowMs);
  if (timeMs !== undefined && Math.abs(timeMs) <= LAST_MS) return timeMs;
  const isDate = RFC_3339.test(text) && !isCalendarTime(text);
  throw new InvalidArgumentError(
    `"${text.slice(0, 64)}" is not a time${isDate ? ': the calendar does not have it' : ''}.`,
    {
      code: 'invalid_time',
      hint: 'Use Unix milliseconds, RFC 3339 (2026-11-23T10:00:00Z) or now, now-1h, now-30m.',
    },
  );
}

function readTime(text: string, nowMs: number): number | undefined {
  const relative = /^now(?:([+-])(\d{1,9})(ms|s|m|h|d|w))?$/.exec(text);
  if (relative !== null) {
    const [, sign, amount = '0', unit = 's'] = relative;
    return nowMs + (sign === '-' ? -1 : 1) * Number(amount) * (UNIT_MS[unit] ?? 0);
  }
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const parsed = RFC_3339.test(text) && isCalendarTime(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** Parses a range; the default is the last hour. Throws for an inverted, empty or too long range. */
export function parseRange(
  from: string | undefined,
  to: string | undefined,
  { nowMs, maxRangeDays }: { nowMs: number; maxRangeDays: number },
): TimeRange {
  const toMs = parseTime(to ?? 'now', nowMs);
  const fromMs = parseTime(from ?? DEFAULT_FROM, nowMs);
  if (fromMs >= toMs) {
    throw new InvalidArgumentError(
      `The range is empty: from (${new Date(fromMs).toISOString()}) is not before to (${new Date(toMs).toISOString()}).`,
      { code: 'inverted_range', hint: 'Give a from that is earlier than to.' },
    );
  }
  if (toMs - fromMs > maxRangeDays * DAY_MS) {
    throw new InvalidArgumentError(`The range is longer than ${maxRangeDays} days.`, {
      code: 'range_too_long',
      hint: 'Ask for a shorter range.',
    });
  }
  return { fromMs, toMs };
}

const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400].map(
  (seconds) => seconds * 1000,
);
const HOUR_MS = 3_600_000;
const TARGET_BUCKETS = 240;
export const MAX_BUCKETS = 11_000;

/**
 * Bucket width for a timeline: at least `minimumMs`, a round one that gives about 240 buckets. In long ranges it is a
 * multiple of an hour or a day, which rollups answer.
 */
export function defaultStep(range: TimeRange, minimumMs = 15_000): number {
  const lengthMs = range.toMs - range.fromMs;
  const foldedMs = lengthMs > 60 * DAY_MS ? DAY_MS : lengthMs > 2 * DAY_MS ? HOUR_MS : 0;
  const leastMs = Math.max(lengthMs / TARGET_BUCKETS, minimumMs, foldedMs);
  return STEPS_MS.find((step) => step >= leastMs) ?? DAY_MS;
}
