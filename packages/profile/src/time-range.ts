import { InvalidArgumentError } from './errors.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export interface TimeRange {
  /** Unix ms, inclusive. */
  readonly fromMs: number;
  /** Unix ms, exclusive. */
  readonly toMs: number;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
};
const DEFAULT_FROM = 'now-1h';
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

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}))?/;

/**
 * Whether a text begins with a day of the calendar, such as `2026-02-28`, and with an hour of it where one follows.
 * `Date.parse` takes 30 February for 2 March and hour 24 for midnight.
 */
export function isCalendarTime(text: string): boolean {
  const parts = DATE.exec(text);
  if (parts === null) return false;
  const [, year, month, day, hour = '0'] = parts;
  const daysOfMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  const isMonth = Number(month) >= 1 && Number(month) <= 12;
  return isMonth && Number(day) >= 1 && Number(day) <= daysOfMonth && Number(hour) <= 23;
}
