import type { Clock } from '@everflame/service-kit';
import type { QueryContext } from '../../application/params/query-filter.ts';

/** People who look at the last hour within the same second look at the same hour, so that it is read once. */
const NOW_STEP_MS = 1000;

/** Makes the context of each request. */
export class QueryContexts {
  private readonly clock: Clock;
  private readonly tenant: string;
  private readonly maxRangeDays: number;

  constructor(clock: Clock, tenant: string, maxRangeDays: number) {
    this.clock = clock;
    this.tenant = tenant;
    this.maxRangeDays = maxRangeDays;
  }

  current(): QueryContext {
    // The end of the second: nothing that is there is left out.
    const nowMs = Math.ceil(this.clock.now() / NOW_STEP_MS) * NOW_STEP_MS;
    return { tenant: this.tenant, nowMs, maxRangeDays: this.maxRangeDays };
  }
}
