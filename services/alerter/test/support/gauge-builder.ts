import type { GaugePoint, GaugeSeries } from '../../src/rules/growth/growth-ports.ts';

/** Start of every built window. */
export const START_MS = Date.UTC(2026, 0, 15, 10, 0, 0);

/** Pseudo-random numbers in [0, 1) that are the same on every run (a linear congruential generator). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Normally distributed numbers with mean 0 and deviation 1. */
export function seededNoise(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A point every `everyMs` of `[fromMs, toMs)` after the start; `level` gets seconds since the start. */
export function buildPoints(
  level: (seconds: number) => number,
  { fromMs = 0, toMs = 60_000, everyMs = 2000 } = {},
): GaugePoint[] {
  const points: GaugePoint[] = [];
  for (let offset = fromMs; offset < toMs; offset += everyMs) {
    points.push({ atMs: START_MS + offset, value: level(offset / 1000) });
  }
  return points;
}

export function buildSeries(points: readonly GaugePoint[], fingerprint = 'a'): GaugeSeries {
  return { fingerprint, points };
}

/** Rises from `-height / 2` to `height / 2` and falls back at once, every `periodS` seconds. */
export function sawtooth(seconds: number, periodS: number, height: number, phase = 0): number {
  return height * (((seconds / periodS + phase) % 1) - 0.5);
}
