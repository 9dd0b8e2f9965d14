import type { Clock, Logger } from '@everflame/service-kit';
import type { RollupRun } from '@everflame/storage';
import { type RuleLock, type Rollups } from './ports.ts';

/** One job goes on with what it finds undone for this long; the rest is for the next one. */
const MAX_MS = 45_000;
const LOCK = 'rollups';

/** What one job did, summed over its runs. */
export interface RollupJobReport extends RollupRun {
  readonly seconds: number;
}

export interface RollupJobParts {
  readonly rollups: Rollups;
  readonly lock: RuleLock;
  /** Says how long the job takes; a clock that is never set. */
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Folds profiles into hours and days, in one alerter at a time: not for the rows, which bear it, but for the effort. */
export class RollupJob {
  readonly #parts: RollupJobParts;
  readonly #stopping = new AbortController();

  constructor(parts: RollupJobParts) {
    this.#parts = parts;
  }

  /** Catches up as far as the time of a job allows; `undefined` while another alerter does. */
  run(): Promise<RollupJobReport | undefined> {
    return this.#parts.lock.run(LOCK, 0, () => this.#catchUp());
  }

  /** Has a running job end soon; what it leaves is for the next one. */
  stop(): void {
    this.#stopping.abort();
  }

  async #catchUp(): Promise<RollupJobReport> {
    const { rollups, clock, logger } = this.#parts;
    const { signal } = this.#stopping;
    const startedAt = clock.now();
    const done = { hours: 0, days: 0, redoneHours: 0, redoneDays: 0 };
    for (;;) {
      const run = await rollups.run(signal);
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
