import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FoldedState, type LevelPart, planOf, type PlanRange } from '../src/read/plan/row-plan.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 10, 1);
const DAYS = 20;

const hourSets = fc
  .tuple(fc.array(fc.nat(DAYS * 24 - 1), { maxLength: 300 }), fc.boolean())
  .map(([missing, isMostlyFolded]) => {
    const listed = new Set(missing);
    const all = Array.from({ length: DAYS * 24 }, (_, hour) => hour);
    return new Set(
      all.filter((hour) => listed.has(hour) !== isMostlyFolded).map((hour) => START + hour * HOUR),
    );
  });
const daySets = fc.uniqueArray(fc.nat(DAYS - 1)).map((days) => new Set(days.map((day) => START + day * DAY)));
const states: fc.Arbitrary<FoldedState> = fc.record({
  hours: hourSets,
  days: daySets,
  late: fc
    .dictionary(fc.constantFrom('cart', 'checkout'), fc.record({ hours: hourSets, days: daySets }))
    .map((late) => new Map(Object.entries(late))),
});
const ranges: fc.Arbitrary<PlanRange> = fc
  .tuple(
    fc.nat(DAYS * DAY - 2),
    fc.nat(DAYS * DAY - 2),
    fc.nat(DAYS * DAY),
    fc.constantFrom('day', 'hour', 'raw'),
  )
  .map(([a, b, cut, coarsest]) => ({
    fromMs: START + Math.min(a, b),
    toMs: START + Math.max(a, b) + 1,
    cutMs: START + cut,
    coarsest,
  }));

function partsFor(service: string, parts: readonly LevelPart[]): LevelPart[] {
  return parts.filter(({ services }) => {
    return services === undefined || services.names.includes(service) === (services.are === 'in');
  });
}

describe('a plan', () => {
  it('holds every moment of the range once for every service', () => {
    fc.assert(
      fc.property(states, ranges, (state, range) => {
        for (const service of ['cart', 'checkout', 'search']) {
          const intervals = partsFor(service, planOf(state, range))
            .flatMap((part) => part.intervals)
            .toSorted((a, b) => a[0] - b[0]);
          let at = range.fromMs;
          for (const [fromMs, toMs] of intervals) {
            expect(fromMs).toBe(at);
            expect(toMs).toBeGreaterThan(fromMs);
            at = toMs;
          }
          expect(at).toBe(range.toMs);
          expect(intervals.length).toBeLessThanOrEqual(48);
        }
      }),
    );
  });

  it('reads only whole buckets that are folded, not late, not cut and not too coarse', () => {
    fc.assert(
      fc.property(states, ranges, (state, range) => {
        const { cutMs = 0 } = range;
        for (const service of ['cart', 'checkout', 'search']) {
          for (const { level, intervals } of partsFor(service, planOf(state, range))) {
            if (level === 'raw') continue;
            expect(range.coarsest === 'raw' || (range.coarsest === 'hour' && level === 'day')).toBe(false);
            const [size, folded, late] =
              level === 'day'
                ? [DAY, state.days, state.late.get(service)?.days]
                : [HOUR, state.hours, state.late.get(service)?.hours];
            for (const [fromMs, toMs] of intervals) {
              expect(toMs % size).toBe(0);
              for (let at = fromMs; at < toMs; at += size) {
                expect(folded.has(at)).toBe(true);
                expect(late?.has(at) ?? false).toBe(false);
                expect(at < cutMs && cutMs < at + size).toBe(false);
              }
            }
          }
        }
      }),
    );
  });

  it('uses days, then hours, and raw profiles at the ends', () => {
    const hours = new Set(Array.from({ length: 72 }, (_, hour) => START + hour * HOUR));
    const state = { hours, days: new Set([START, START + DAY]), late: new Map() };
    const range = { fromMs: START + HOUR + 1, toMs: START + 3 * DAY + 5 };
    expect(planOf(state, range)).toEqual([
      { level: 'day', intervals: [[START + DAY, START + 2 * DAY]] },
      {
        level: 'hour',
        intervals: [
          [START + 2 * HOUR, START + DAY],
          [START + 2 * DAY, START + 3 * DAY],
        ],
      },
      {
        level: 'raw',
        intervals: [
          [START + HOUR + 1, START + 2 * HOUR],
          [START + 3 * DAY, START + 3 * DAY + 5],
        ],
      },
    ]);
  });
});
