import type { RollupRun } from '@everflame/storage';
import { FakeClock, quietLogger } from '@everflame/testkit';
import { describe, expect, it } from 'vitest';
import { type RollupJobReport, runRollupJob } from '../src/housekeeping/rollup-job.ts';

const NOTHING: RollupRun = { done: doing(0), isBehind: false, lagSeconds: 0 };

function doing(hours: number, late = 0, days = 0, lateDays = 0): RollupRun['done'] {
  return [
    { resolution: 'hour', settled: hours, late },
    { resolution: 'day', settled: days, late: lateDays },
  ];
}

/** A job whose runs give `runs`, the last one again and again; each takes a while. */
function jobWith(
  runs: readonly Partial<RollupRun>[],
  takesMs = 1000,
): { run: (signal: AbortSignal) => Promise<RollupJobReport>; asked: () => number } {
  const clock = new FakeClock();
  let asked = 0;
  const rollUp = (): Promise<RollupRun> => {
    clock.advance(takesMs);
    const run = runs[Math.min(asked++, runs.length - 1)];
    return Promise.resolve({ ...NOTHING, ...run });
  };
  const logger = quietLogger();
  return { run: (until) => runRollupJob({ rollUp, clock, logger }, until), asked: () => asked };
}

const { signal } = new AbortController();

describe('the rollup job', () => {
  it('goes on until nothing is left and adds up what it did', async () => {
    const { run, asked } = jobWith([
      { done: doing(3), isBehind: true, lagSeconds: 9000 },
      { done: doing(1, 2, 1, 1), lagSeconds: 10 },
    ]);
    expect(await run(signal)).toEqual({
      done: doing(4, 2, 1, 1),
      isBehind: false,
      lagSeconds: 10,
      seconds: 2,
    });
    expect(asked()).toBe(2);
  });

  it('stops when its time is up, and when a run could do nothing', async () => {
    const slow = jobWith([{ done: doing(1), isBehind: true }], 20_000);
    expect(await slow.run(signal)).toMatchObject({ done: doing(3), isBehind: true, seconds: 60 });
    const stuck = jobWith([{ isBehind: true }]);
    expect(await stuck.run(signal)).toMatchObject({ done: doing(0), isBehind: true });
    expect(stuck.asked()).toBe(1);
  });

  it('ends after the run it is at when it is told to stop', async () => {
    const { run, asked } = jobWith([{ done: doing(1), isBehind: true }]);
    expect(await run(AbortSignal.abort())).toMatchObject({ done: doing(1), isBehind: true });
    expect(asked()).toBe(1);
  });
});
