import { createLogger } from '@everflame/service-kit';
import type { RollupRun } from '@everflame/storage';
import { FakeClock } from '@everflame/testkit';
import { describe, expect, it } from 'vitest';
import { Rollups } from '../src/application/ports.ts';
import { RollupJob } from '../src/application/rollup-job.ts';
import { MemoryRuleLock } from './support/memory-ports.ts';

const NOTHING: RollupRun = {
  hours: 0,
  days: 0,
  redoneHours: 0,
  redoneDays: 0,
  isBehind: false,
  lagSeconds: 0,
};

/** Answers the runs one after the other; each takes a while. */
class ScriptedRollups extends Rollups {
  asked = 0;
  readonly #runs: readonly Partial<RollupRun>[];
  readonly #clock: FakeClock;
  readonly #takesMs: number;

  constructor(runs: readonly Partial<RollupRun>[], clock: FakeClock, takesMs: number) {
    super();
    this.#runs = runs;
    this.#clock = clock;
    this.#takesMs = takesMs;
  }

  run(): Promise<RollupRun> {
    this.#clock.advance(this.#takesMs);
    const run = this.#runs[Math.min(this.asked++, this.#runs.length - 1)];
    return Promise.resolve({ ...NOTHING, ...run });
  }
}

function jobWith(
  runs: readonly Partial<RollupRun>[],
  takesMs = 1000,
): { job: RollupJob; rollups: ScriptedRollups; lock: MemoryRuleLock } {
  const clock = new FakeClock();
  const rollups = new ScriptedRollups(runs, clock, takesMs);
  const lock = new MemoryRuleLock();
  return {
    job: new RollupJob({ rollups, lock, clock, logger: createLogger('alerter', 'silent') }),
    rollups,
    lock,
  };
}

describe('the rollup job', () => {
  it('goes on until nothing is left and adds up what it did', async () => {
    const { job, rollups } = jobWith([
      { hours: 3, isBehind: true, lagSeconds: 9000 },
      { hours: 1, redoneHours: 2, days: 1, redoneDays: 1, lagSeconds: 10 },
    ]);
    expect(await job.run()).toEqual({
      hours: 4,
      days: 1,
      redoneHours: 2,
      redoneDays: 1,
      isBehind: false,
      lagSeconds: 10,
      seconds: 2,
    });
    expect(rollups.asked).toBe(2);
  });

  it('stops when its time is up, and when a run could do nothing', async () => {
    const slow = jobWith([{ hours: 1, isBehind: true }], 20_000);
    expect(await slow.job.run()).toMatchObject({ hours: 3, isBehind: true, seconds: 60 });
    const stuck = jobWith([{ isBehind: true }]);
    expect(await stuck.job.run()).toMatchObject({ hours: 0, isBehind: true });
    expect(stuck.rollups.asked).toBe(1);
  });

  it('ends after the run it is at when it is told to stop', async () => {
    const { job, rollups } = jobWith([{ hours: 1, isBehind: true }]);
    job.stop();
    expect(await job.run()).toMatchObject({ hours: 1, isBehind: true });
    expect(rollups.asked).toBe(1);
  });

  it('leaves the work to the alerter that is at it', async () => {
    const { job, rollups, lock } = jobWith([{ hours: 1 }]);
    await lock.run('rollups', 0, async () => expect(await job.run()).toBeUndefined());
    expect(rollups.asked).toBe(0);
    expect(await job.run()).toMatchObject({ hours: 1 });
  });
});
