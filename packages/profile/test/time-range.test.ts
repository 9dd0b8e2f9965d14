import { describe, expect, it } from 'vitest';
import { parseRange } from '../src/index.ts';
import { parseTime } from '../src/time-range.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const HOUR = 3_600_000;

describe('a time in a query', () => {
  it.each([
    ['now', NOW],
    ['now-90m', NOW - 1.5 * HOUR],
    ['now-2d', NOW - 48 * HOUR],
    ['now+1h', NOW + HOUR],
    ['1700000000000', 1_700_000_000_000],
    ['2026-11-23T10:00:00Z', NOW - 2 * HOUR],
    ['2026-11-23T11:00:00+01:00', NOW - 2 * HOUR],
  ])('reads %s', (text, expected) => {
    expect(parseTime(text, NOW)).toBe(expected);
  });

  it.each([
    '2026-02-30T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2100-02-29T00:00:00Z',
    '2026-04-31T10:00:00+02:00',
    '2026-11-00T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-11-23T24:00:00Z',
    '2026-11-23T10:60:00Z',
    'now+999999999w',
    'now-999999999w',
  ])('refuses %s, which no calendar has', (text) => {
    expect(() => parseTime(text, NOW)).toThrow(expect.objectContaining({ code: 'invalid_time' }));
  });

  it('reads the days that a leap year has', () => {
    expect(parseTime('2028-02-29T00:00:00Z', NOW)).toBe(Date.UTC(2028, 1, 29));
  });

  it.each(['', 'yesterday', 'now-', 'now-1y', '2026', '-5', '1e9', '2026-13-45T00:00:00Z'])(
    'refuses "%s"',
    (text) => {
      // Four digits are a number of milliseconds, so 2026 is a time, if an odd one.
      if (text === '2026') expect(parseTime(text, NOW)).toBe(2026);
      else expect(() => parseTime(text, NOW)).toThrow(expect.objectContaining({ code: 'invalid_time' }));
    },
  );
});

describe('a range', () => {
  const limits = { nowMs: NOW, maxRangeDays: 30 };

  it('is the last hour by default', () => {
    expect(parseRange(undefined, undefined, limits)).toEqual({ fromMs: NOW - HOUR, toMs: NOW });
  });

  it('is refused when inverted, empty or too long', () => {
    expect(() => parseRange('now', 'now-1h', limits)).toThrow(
      expect.objectContaining({ code: 'inverted_range' }),
    );
    expect(() => parseRange('now', 'now', limits)).toThrow(
      expect.objectContaining({ code: 'inverted_range' }),
    );
    expect(() => parseRange('now-31d', 'now', limits)).toThrow(
      expect.objectContaining({ code: 'range_too_long' }),
    );
  });
});
