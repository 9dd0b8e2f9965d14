import { describe, expect, it } from 'vitest';
import { chooseStep } from '../src/application/params/timeline-step.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const HOUR = 3_600_000;

describe('the default step', () => {
  it('is round, at least a scrape interval, and gives some hundred buckets at most', () => {
    for (const hours of [0.25, 1, 6, 24, 24 * 7, 24 * 30]) {
      const step = chooseStep({ fromMs: NOW - hours * HOUR, toMs: NOW }, undefined);
      expect(step).toBeGreaterThanOrEqual(15_000);
      expect((hours * HOUR) / step).toBeLessThanOrEqual(240);
    }
  });

  it('is a multiple of an hour beyond two days and of a day beyond sixty, which rollups answer', () => {
    const stepOf = (hours: number): number =>
      chooseStep({ fromMs: NOW - hours * HOUR, toMs: NOW }, undefined);
    expect([48, 49, 24 * 7, 24 * 30].map((hours) => stepOf(hours) / HOUR)).toEqual([0.25, 1, 1, 6]);
    expect([24 * 61, 24 * 400].map((hours) => stepOf(hours) / HOUR)).toEqual([24, 24]);
  });
});
