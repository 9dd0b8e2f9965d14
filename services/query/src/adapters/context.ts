import type { Clock } from '@everflame/service-kit';
import type { QueryContext } from '../application/query-filter.ts';

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
    return { tenant: this.tenant, nowMs: this.clock.now(), maxRangeDays: this.maxRangeDays };
  }
}
