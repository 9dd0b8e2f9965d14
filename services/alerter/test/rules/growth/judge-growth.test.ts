import { describe, expect, it } from 'vitest';
import { type GrowthVerdict, judgeGrowth } from '../../../src/rules/growth/judge-growth.ts';
import {
  buildPoints,
  buildSeries,
  sawtooth,
  seededNoise,
  seededRandom,
  START_MS,
} from '../../support/gauge-builder.ts';

const MIB = 1024 ** 2;
const NOW_MS = START_MS + 60_000;
const CONDITION = { windowMs: 60_000, minGrowth: 5 * MIB, minGrowthRatio: 0.1 };

function judge(level: (seconds: number) => number, spread = {}, nowMs = NOW_MS): GrowthVerdict {
  return judgeGrowth([buildSeries(buildPoints((seconds) => level(seconds) * MIB, spread))], CONDITION, nowMs);
}

/** How many of `runs` seeded series the judge takes for growth. */
function countGrowing(runs: number, levelOf: (seed: number) => (seconds: number) => number): number {
  return Array.from({ length: runs }, (_, seed) => judge(levelOf(seed + 1))).filter(
    (verdict) => verdict.outcome === 'growing',
  ).length;
}

describe('a level that does not leak', () => {
  it('is steady when it is flat', () => {
    expect(judge(() => 100)).toMatchObject({ outcome: 'steady', growth: 0, value: 100 * MIB });
  });

  it('is steady when it swings by 5 % at random', () => {
    const growing = countGrowing(500, (seed) => {
      const noise = seededNoise(seed);
      return () => 100 + 5 * noise();
    });
    expect(growing).toBeLessThanOrEqual(2);
  });

  it.each([3, 4, 5, 7, 10, 14])('is steady as a sawtooth of 30 %% with %i teeth in the window', (teeth) => {
    const growing = countGrowing(100, (seed) => {
      const phase = seededRandom(seed)();
      const noise = seededNoise(seed);
      return (seconds) => 100 + sawtooth(seconds, 60 / teeth, 30, phase) + noise();
    });
    expect(growing).toBe(0);
  });

  it('is steady as a sawtooth that falls by more than half', () => {
    const growing = countGrowing(100, (seed) => {
      const phase = seededRandom(seed)();
      return (seconds) => 100 + sawtooth(seconds, 12, 120, phase);
    });
    expect(growing).toBe(0);
  });

  it('is steady after a single step, wherever in the window the step lies', () => {
    const growing = countGrowing(100, (seed) => (seconds) => (seconds > seed * 0.6 ? 140 : 100));
    expect(growing).toBe(0);
  });

  it('is steady when growth has ended within the window', () => {
    expect(judge((seconds) => Math.min(100 + 4 * seconds, 180)).outcome).toBe('steady');
  });

  it('is steady after a warm-up', () => {
    expect(judge((seconds) => 100 - 60 * Math.exp(-seconds / 6)).outcome).toBe('steady');
  });

  it('is steady when it shrinks', () => {
    expect(judge((seconds) => 100 - seconds).outcome).toBe('steady');
  });
});

describe('a leak', () => {
  it('grows, with the facts of its growth', () => {
    const verdict = judge((seconds) => 12 + 0.5 * seconds);
    expect(verdict).toMatchObject({ outcome: 'growing', restartedAt: undefined });
    expect(verdict.growth / MIB).toBeCloseTo(29, 0);
    expect(verdict.growthPerHour / MIB).toBeCloseTo(1800, 6);
    expect(verdict.valueNow).toBe(41 * MIB);
    expect(verdict.valueBefore / MIB).toBeLessThan(18);
  });

  it('began where the level left its start', () => {
    const { since, outcome } = judge((seconds) => 100 + Math.max(0, seconds - 15) * 2);
    expect(outcome).toBe('growing');
    expect((since - START_MS) / 1000).toBeGreaterThanOrEqual(14);
    expect((since - START_MS) / 1000).toBeLessThanOrEqual(22);
  });

  it('grows through noise of 5 %', () => {
    const growing = countGrowing(200, (seed) => {
      const noise = seededNoise(seed);
      return (seconds) => 100 + (2 * seconds) / 3 + 5 * noise();
    });
    expect(growing).toBeGreaterThanOrEqual(190);
  });

  it.each([3, 5, 8])('grows on top of a sawtooth of 30 %% with %i teeth', (teeth) => {
    const growing = countGrowing(200, (seed) => {
      const phase = seededRandom(seed)();
      return (seconds) => 100 + (2 * seconds) / 3 + sawtooth(seconds, 60 / teeth, 30, phase);
    });
    expect(growing).toBeGreaterThanOrEqual(190);
  });

  it('grows exponentially too', () => {
    expect(judge((seconds) => 20 * Math.exp(seconds / 20)).outcome).toBe('growing');
  });

  it('grows despite gaps in the series', () => {
    const points = buildPoints((seconds) => (100 + seconds) * MIB);
    const gappy = points.filter((_, index) => index % 4 !== 1 && (index < 8 || index > 13));
    expect(judgeGrowth([buildSeries(gappy)], CONDITION, NOW_MS).outcome).toBe('growing');
  });

  it('is not reported below the least growth', () => {
    expect(judge((seconds) => 10 + seconds * 0.07).outcome).toBe('steady');
  });

  it('is not reported below the least ratio', () => {
    expect(judge((seconds) => 1000 + seconds).outcome).toBe('steady');
  });

  it('stays reported at half of the thresholds while it fires', () => {
    const series = [buildSeries(buildPoints((seconds) => (10 + seconds * 0.07) * MIB))];
    expect(judgeGrowth(series, CONDITION, NOW_MS, true).outcome).toBe('growing');
  });
});

describe('too little to judge', () => {
  it('is said of an empty group', () => {
    expect(judgeGrowth([], CONDITION, NOW_MS)).toMatchObject({ outcome: 'too_few_points', value: 0 });
  });

  it('is said of four points', () => {
    expect(judge((seconds) => seconds, { everyMs: 18_000 }).outcome).toBe('too_few_points');
  });

  it('is said of a process that reports for less than 40 % of the window', () => {
    expect(judge((seconds) => seconds, { fromMs: 37_000 }).outcome).toBe('too_few_points');
  });

  it('is not said of a process that reports for 40 % of the window', () => {
    expect(judge((seconds) => seconds * 2, { fromMs: 34_000 }).outcome).toBe('growing');
  });

  it('is said of a series that has ended', () => {
    const verdict = judge((seconds) => 100 + seconds, { toMs: 48_000 });
    expect(verdict).toMatchObject({ outcome: 'too_few_points', value: 0 });
  });
});

describe('restarts', () => {
  it('cut the series: what grew before a restart does not count', () => {
    const verdict = judge((seconds) => (seconds < 50 ? 100 + 4 * seconds : 20));
    expect(verdict).toMatchObject({
      outcome: 'too_few_points',
      value: 20 * MIB,
      restartedAt: START_MS + 50_000,
    });
  });

  it('cut the series: a process that leaks again is judged from its start', () => {
    const verdict = judge((seconds) => (seconds < 30 ? 100 + 4 * seconds : 20 + 2 * (seconds - 30)));
    expect(verdict).toMatchObject({ outcome: 'growing', restartedAt: START_MS + 30_000 });
    expect(verdict.growth / MIB).toBeLessThan(60);
  });

  it('into a lower steady level are no growth', () => {
    expect(judge((seconds) => (seconds < 20 ? 100 : 40)).outcome).toBe('steady');
  });
});

describe('several instances', () => {
  const steady = (fingerprint: string, spread = {}) =>
    buildSeries(
      buildPoints(() => 100 * MIB, spread),
      fingerprint,
    );

  it('that join are no growth', () => {
    const joining = ['b', 'c', 'd'].map((name, index) => steady(name, { fromMs: 10_000 + index * 10_000 }));
    expect(judgeGrowth([steady('a'), ...joining], CONDITION, NOW_MS)).toMatchObject({
      outcome: 'steady',
      value: 400 * MIB,
    });
  });

  it('that leave are no shrinkage of a leak in another', () => {
    const leaking = buildSeries(
      buildPoints((seconds) => (100 + 3 * seconds) * MIB),
      'leaking',
    );
    const verdict = judgeGrowth([leaking, steady('left', { toMs: 30_000 })], CONDITION, NOW_MS);
    expect(verdict).toMatchObject({ outcome: 'growing', valueNow: 274 * MIB });
  });

  it('that stand still do not hide a leak in one of them', () => {
    const leaking = buildSeries(
      buildPoints((seconds) => (100 + 5 * seconds) * MIB),
      'leaking',
    );
    const still = Array.from({ length: 15 }, (_, index) => {
      const noise = seededNoise(index + 1);
      return buildSeries(
        buildPoints(() => (100 + noise()) * MIB),
        String(index),
      );
    });
    expect(judgeGrowth([leaking, ...still], CONDITION, NOW_MS).outcome).toBe('growing');
  });

  it('between which load moves are no growth', () => {
    const taking = buildSeries(
      buildPoints((seconds) => (100 + 2 * seconds) * MIB),
      'taking',
    );
    const giving = buildSeries(
      buildPoints((seconds) => (220 - 2 * seconds) * MIB),
      'giving',
    );
    expect(judgeGrowth([taking, giving], CONDITION, NOW_MS).outcome).toBe('steady');
  });

  it('add up: leaks that are too small alone are growth together', () => {
    const leaks = Array.from({ length: 10 }, (_, index) =>
      buildSeries(
        buildPoints((seconds) => (5 + seconds * 0.05) * MIB),
        String(index),
      ),
    );
    expect(judgeGrowth(leaks.slice(0, 1), CONDITION, NOW_MS).outcome).toBe('steady');
    expect(judgeGrowth(leaks, CONDITION, NOW_MS).outcome).toBe('growing');
  });
});

describe('long windows', () => {
  it('are judged like short ones, with more points than are compared', () => {
    const points = buildPoints((seconds) => (100 + seconds / 100) * MIB, { toMs: 3_600_000, everyMs: 5000 });
    const condition = { ...CONDITION, windowMs: 3_600_000 };
    const verdict = judgeGrowth([buildSeries(points)], condition, START_MS + 3_600_000);
    expect(verdict.outcome).toBe('growing');
    expect(verdict.growthPerHour / MIB).toBeCloseTo(36, 6);
  });
});
