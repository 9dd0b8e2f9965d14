import type { Clock, Logger } from '@everflame/service-kit';
import type { RolledUpBuckets, RollupRun } from '@everflame/storage';

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

/** Rolls profiles up, as far as the time of a job allows. Once `signal` is aborted it ends soon; the rest is for the next one. */
export async function runRollupJob(
  { rollUp, clock, logger }: RollupJobParts,
  signal: AbortSignal,
): Promise<RollupJobReport> {
  const startedAt = clock.now();
  let done: readonly RolledUpBuckets[] = [];
  for (;;) {
    const run = await rollUp(signal);
    done = run.done.map((more, i) => addUp(more, done[i]));
    const elapsedMs = clock.now() - startedAt;
    const didNothing = run.done.every(isNothing);
    if (run.isBehind && !didNothing && elapsedMs < MAX_MS && !signal.aborted) continue;
    const report = { ...run, done, seconds: elapsedMs / 1000 };
    if (!done.every(isNothing)) logger.info(report, 'profiles rolled up');
    return report;
  }
}

function addUp(more: RolledUpBuckets, done: RolledUpBuckets | undefined): RolledUpBuckets {
  if (done === undefined) return more;
  return { ...more, settled: done.settled + more.settled, late: done.late + more.late };
}

function isNothing({ settled, late }: RolledUpBuckets): boolean {
  return settled + late === 0;
}
