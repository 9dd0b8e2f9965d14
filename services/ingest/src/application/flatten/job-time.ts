import { DomainError, UnavailableError } from '@everflame/profile';

export interface JobTimes {
  /** CPU time after which a profile is refused for good. */
  readonly maxCpuMs: number;
  /** Time after which it is refused for now, where it had less CPU time than that. */
  readonly maxWaitMs: number;
}

/** Looks at a job this often before it can be refused for good. */
const LOOKS_PER_JOB = 10;

/**
 * How long a thread has been at one job. Looks are counted, and not time, so that a pause of the whole process counts
 * for nothing; and what the job did is told by CPU time, so that nobody is refused for good for what else the machine had
 * to do.
 */
export class JobTime {
  readonly #times: JobTimes;
  #looks = 0;
  #cpuMsBefore = 0;

  constructor(times: JobTimes) {
    this.#times = times;
  }

  /** How often to look, in ms. */
  static everyMs({ maxCpuMs }: JobTimes): number {
    return maxCpuMs / LOOKS_PER_JOB;
  }

  /** Another job has begun. */
  restart(): void {
    this.#looks = 0;
  }

  /**
   * Why the job is to be ended, if it is; `cpuMs` is what the thread has had in its life, undefined where nobody knows:
   * the job counts as having had all the time there was.
   */
  look(cpuMs: number | undefined): DomainError | undefined {
    const { maxCpuMs, maxWaitMs } = this.#times;
    if (this.#looks++ === 0) this.#cpuMsBefore = cpuMs ?? 0;
    const ms = (this.#looks - 1) * JobTime.everyMs(this.#times);
    const workedMs = cpuMs === undefined ? ms : cpuMs - this.#cpuMsBefore;
    if (workedMs >= maxCpuMs) return tooSlow(maxCpuMs);
    return ms >= maxWaitMs ? starved(workedMs, ms) : undefined;
  }
}

function tooSlow(maxCpuMs: number): DomainError {
  return new DomainError(
    'too_large',
    'profile_too_slow',
    `The profile took more than ${maxCpuMs / 1000} s of CPU time.`,
    { hint: 'Profile for a shorter time or at a lower rate.' },
  );
}

function starved(workedMs: number, ms: number): DomainError {
  return new UnavailableError(
    'machine_busy',
    `The machine was too busy for the profile: it had ${workedMs / 1000} s of CPU time in ${ms / 1000} s.`,
    { hint: 'Send it again; give ingest more cores when this goes on.' },
  );
}
