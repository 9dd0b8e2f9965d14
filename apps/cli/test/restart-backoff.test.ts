import { describe, expect, it } from 'vitest';
import { RestartBackoff } from '../src/up/supervision/restart-backoff.ts';

const POLICY = { firstDelayMs: 500, maxDelayMs: 30_000, healthyMs: 60_000 };

describe('RestartBackoff', () => {
  it.each([
    { runs: [0], delays: [500] },
    { runs: [0, 0, 0, 0, 0, 0], delays: [500, 1000, 2000, 4000, 8000, 16_000] },
    { runs: [0, 0, 0, 0, 0, 0, 0, 0], delays: [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000] },
    { runs: [0, 0, 59_999, 0], delays: [500, 1000, 2000, 4000] },
    { runs: [0, 0, 60_000, 0], delays: [500, 1000, 500, 1000] },
    { runs: [3_600_000, 3_600_000], delays: [500, 500] },
  ])('waits $delays after runs that were healthy for $runs', ({ runs, delays }) => {
    const backoff = new RestartBackoff(POLICY);
    expect(runs.map((healthyForMs) => backoff.next(healthyForMs))).toEqual(delays);
  });

  it('never gives up and never waits longer than its longest delay', () => {
    const backoff = new RestartBackoff(POLICY);
    const delays = Array.from({ length: 5000 }, () => backoff.next(1000));
    expect(delays.slice(6)).toEqual(Array.from({ length: 4994 }, () => 30_000));
  });
});
