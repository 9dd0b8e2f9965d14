import { describe, expect, it } from 'vitest';
import { JobTime } from '../src/application/flatten/job-time.ts';

const times = { maxCpuMs: 10_000, maxWaitMs: 120_000 };

/** The verdict on a job, looked at every second, and after how many seconds it came; none within ten minutes is null. */
function verdictOn(cpuMsAfter: (seconds: number) => number | undefined, time = new JobTime(times)) {
  for (let seconds = 0; seconds <= 600; seconds++) {
    const error = time.look(cpuMsAfter(seconds));
    if (error !== undefined) return { seconds, code: error.code, isRetryable: error.isRetryable };
  }
  return null;
}

describe('the time of a job', () => {
  it('is up for good when it had that much CPU time', () => {
    const forGood = { code: 'profile_too_slow', isRetryable: false };
    expect(verdictOn((seconds) => 5000 + seconds * 1000)).toEqual({ seconds: 10, ...forGood });
    expect(verdictOn((seconds) => seconds * 100)).toEqual({ seconds: 100, ...forGood });
  });

  it('is up for now when the machine had no time for it', () => {
    expect(verdictOn((seconds) => seconds * 50)).toEqual({
      seconds: 120,
      code: 'machine_busy',
      isRetryable: true,
    });
  });

  it('is what passed where nobody knows the CPU time', () => {
    expect(verdictOn(() => undefined)).toMatchObject({ seconds: 10, code: 'profile_too_slow' });
  });

  it('begins with the job, whatever the thread did before', () => {
    const time = new JobTime(times);
    for (let job = 0; job < 100; job++) {
      for (let look = 0; look < 9; look++) {
        expect(time.look((job * 9 + look) * 1000)).toBeUndefined();
      }
      time.restart();
    }
    expect(verdictOn((seconds) => 1e6 + seconds * 1000, time)).toMatchObject({ seconds: 10 });
  });
});
