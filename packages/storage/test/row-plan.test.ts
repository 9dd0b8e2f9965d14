import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PlanPart, planRows, type PlanRange, type RolledUp } from '../src/read/plan/row-plan.ts';
import { RESOLUTIONS } from '../src/rollup/resolutions.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 10, 1);
const DAYS = 20;

const hourSets = fc
  .tuple(fc.array(fc.nat(DAYS * 24 - 1), { maxLength: 300 }), fc.boolean())
  .map(([missing, isMostlyDone]) => {
    const listed = new Set(missing);
    const all = Array.from({ length: DAYS * 24 }, (_, hour) => hour);
    return new Set(
      all.filter((hour) => listed.has(hour) !== isMostlyDone).map((hour) => START + hour * HOUR),
    );
  });
const daySets = fc.uniqueArray(fc.nat(DAYS - 1)).map((days) => new Set(days.map((day) => START + day * DAY)));
const buckets = fc
  .record({ hours: hourSets, days: daySets })
  .map(({ hours, days }) => bucketsOf(hours, days));
const states: fc.Arbitrary<RolledUp> = fc.record({
  buckets,
  late: fc
    .dictionary(fc.constantFrom('cart', 'checkout'), buckets)
    .map((late) => new Map(Object.entries(late))),
});
const coarsests = [Number.POSITIVE_INFINITY, HOUR, 0];
const ranges = fc
  .tuple(fc.nat(DAYS * DAY - 2), fc.nat(DAYS * DAY - 2), fc.nat(DAYS * DAY), fc.constantFrom(...coarsests))
  .map(([a, b, cut, coarsestMs]) => ({
    fromMs: START + Math.min(a, b),
    toMs: START + Math.max(a, b) + 1,
    cutMs: START + cut,
    coarsestMs,
    isFine: ({ widthMs }) => widthMs <= coarsestMs,
  })) satisfies fc.Arbitrary<PlanRange>;

function bucketsOf(
  hours: ReadonlySet<number>,
  days: ReadonlySet<number>,
): ReadonlyMap<string, ReadonlySet<number>> {
  return new Map([
    ['hour', hours],
    ['day', days],
  ]);
}

function partsFor(service: string, parts: readonly PlanPart[]): PlanPart[] {
  return parts.filter(({ services }) => {
    return services === undefined || services.names.includes(service) === (services.are === 'in');
  });
}

describe('a plan', () => {
  it('holds every moment of the range once for every service', () => {
    fc.assert(
      fc.property(states, ranges, (state, range) => {
        for (const service of ['cart', 'checkout', 'search']) {
          const intervals = partsFor(service, planRows(state, range))
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

  it('reads only whole buckets that are rolled up, not late, not cut and not too coarse', () => {
    fc.assert(
      fc.property(states, ranges, (state, range) => {
        const { cutMs } = range;
        for (const service of ['cart', 'checkout', 'search']) {
          for (const { resolution, intervals } of partsFor(service, planRows(state, range))) {
            if (resolution === undefined) continue;
            const { name, widthMs: size } = resolution;
            expect(size).toBeLessThanOrEqual(range.coarsestMs);
            const done = state.buckets.get(name)!;
            const late = state.late.get(service)?.get(name);
            for (const [fromMs, toMs] of intervals) {
              expect(toMs % size).toBe(0);
              for (let at = fromMs; at < toMs; at += size) {
                expect(done.has(at)).toBe(true);
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
    const state = { buckets: bucketsOf(hours, new Set([START, START + DAY])), late: new Map() };
    const [hour, day] = RESOLUTIONS;
    const range = { fromMs: START + HOUR + 1, toMs: START + 3 * DAY + 5 };
    expect(planRows(state, range)).toEqual([
      { resolution: day, intervals: [[START + DAY, START + 2 * DAY]] },
      {
        resolution: hour,
        intervals: [
          [START + 2 * HOUR, START + DAY],
          [START + 2 * DAY, START + 3 * DAY],
        ],
      },
      {
        intervals: [
          [START + HOUR + 1, START + 2 * HOUR],
          [START + 3 * DAY, START + 3 * DAY + 5],
        ],
      },
    ]);
  });
});
