import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCalendarTime } from '../src/index.ts';

const two = (value: number): string => String(value).padStart(2, '0');

describe('isCalendarTime', () => {
  it('takes the days that a Date has, and no others', () => {
    const parts = fc.tuple(
      fc.integer({ min: 1970, max: 9999 }),
      fc.integer({ min: 0, max: 15 }),
      fc.integer({ min: 0, max: 35 }),
    );
    fc.assert(
      fc.property(parts, ([year, month, day]) => {
        const text = `${year}-${two(month)}-${two(day)}`;
        const date = new Date(Date.UTC(year, month - 1, day));
        expect(isCalendarTime(text)).toBe(date.toISOString().slice(0, 10) === text);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['2026-02-28 13:00', true],
    ['2026-02-28T23:59:59Z', true],
    ['2026-02-28T24:00:00Z', false],
    ['2026-02-30T10:00:00Z', false],
    ['26-02-03', false],
    ['now', false],
  ])('says of %s: %s', (text, expected) => {
    expect(isCalendarTime(text)).toBe(expected);
  });
});
