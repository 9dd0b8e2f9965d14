import type { Clock, Principal } from '@everflame/service-kit';
import type { QueryContext } from '../../application/params/filters.ts';

/** People who look at the last hour within the same second look at the same hour, so that it is read once. */
const NOW_STEP_MS = 1000;

/** Makes the context of each request. */
export class QueryContexts {
  readonly #clock: Clock;
  readonly #maxRangeDays: number;

  constructor(clock: Clock, maxRangeDays: number) {
    this.#clock = clock;
    this.#maxRangeDays = maxRangeDays;
  }

  /** What the questions of a principal come with now. */
  of(principal: Principal): QueryContext {
    // The end of the second: nothing that is there is left out.
    const nowMs = Math.ceil(this.#clock.now() / NOW_STEP_MS) * NOW_STEP_MS;
    return { ...principal, nowMs, maxRangeDays: this.#maxRangeDays };
  }
}
