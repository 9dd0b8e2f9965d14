import type { Clock, Logger } from '@everflame/service-kit';
import type { RollupRun } from '@everflame/storage';

/** One job goes on with what it finds undone for this long; the rest is for the next one. */
const MAX_MS = 45_000;

/** What one job did, summed over its runs. */
export interface RollupJobReport extends RollupRun {
  readonly seconds: number;
}

export interface RollupJobParts {
  /** Does a bounded part of what is due, less once aborted. Throws `UnavailableError` when the store does not answer. */
  readonly rollUp: (signal: AbortSignal) => Promise<RollupRun>;
  /** Says how long the job takes; a clock that is never set. */
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Rolls profiles up, as far as the time of a job allows. */
export class RollupJob {
  readonly #parts: RollupJobParts;

  constructor(parts: RollupJobParts) {
    this.#parts = parts;
  }

  /** Once `signal` is aborted the job ends soon; what it leaves is for the next one. */
  async run(signal: AbortSignal): Promise<RollupJobReport> {
    const { rollUp, clock, logger } = this.#parts;
    const startedAt = clock.now();
    const done = { hours: 0, days: 0, redoneHours: 0, redoneDays: 0 };
    for (;;) {
      const run = await rollUp(signal);
      done.hours += run.hours;
      done.days += run.days;
      done.redoneHours += run.redoneHours;
      done.redoneDays += run.redoneDays;
      const elapsedMs = clock.now() - startedAt;
      const didNothing = run.hours + run.days + run.redoneHours + run.redoneDays === 0;
      if (run.isBehind && !didNothing && elapsedMs < MAX_MS && !signal.aborted) continue;
      const { isBehind, lagSeconds } = run;
      const report = { ...done, isBehind, lagSeconds, seconds: elapsedMs / 1000 };
      if (Object.values(done).some((count) => count > 0)) logger.info(report, 'profiles rolled up');
      return report;
    }
  }
}
