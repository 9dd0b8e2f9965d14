import { describe, expect, it } from 'vitest';
import { effectiveTime } from '../src/application/flatten/timestamps.ts';

const NOW = Date.UTC(2026, 10, 23);
const DAY = 86_400_000;

describe('the time a profile is stored under', () => {
  it('is what the pusher says, else what the profile says, else now', () => {
    expect(effectiveTime(NOW - 5, NOW - 7, NOW, 14)).toBe(NOW - 5);
    expect(effectiveTime(0, NOW - 7, NOW, 14)).toBe(NOW - 7);
    expect(effectiveTime(0, 0, NOW, 14)).toBe(NOW);
  });

  it('ignores times before 2000, which are microseconds taken for nanoseconds', () => {
    expect(effectiveTime(0, Date.UTC(1970, 0, 20), NOW, 14)).toBe(NOW);
    expect(effectiveTime(Date.UTC(1999, 11, 31), NOW - 7, NOW, 14)).toBe(NOW - 7);
  });

  it('takes a clock that is 10 min ahead, and refuses more', () => {
    expect(effectiveTime(NOW + 600_000, 0, NOW, 14)).toBe(NOW + 600_000);
    expect(() => effectiveTime(NOW + 600_001, 0, NOW, 14)).toThrow(
      expect.objectContaining({ code: 'timestamp_in_future' }),
    );
  });

  it('takes late data up to the retention, and refuses what storage would drop', () => {
    expect(effectiveTime(NOW - 14 * DAY, 0, NOW, 14)).toBe(NOW - 14 * DAY);
    expect(() => effectiveTime(NOW - 14 * DAY - 1, 0, NOW, 14)).toThrow(
      expect.objectContaining({ code: 'timestamp_too_old' }),
    );
  });
});
