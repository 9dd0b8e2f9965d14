import { ApiClient, ApiError } from '@everflame/client';
import { API_ROUTES } from '@everflame/contract';
import { UnavailableError } from '@everflame/profile';
import type { Principal } from '@everflame/service-kit';
import type { Comparison, GrowthExplainer, GrownFunction } from './growth-ports.ts';

const MAX_GROWN_FUNCTIONS = 10;
/** The API sorts by size, not by growth, so more are read than are returned. */
const READ_FUNCTIONS = 5000;

/** Asks the query API to compare both ranges function by function. */
export class HttpGrowthExplainer implements GrowthExplainer {
  readonly #api: ApiClient;
  readonly #timeoutMs: number;

  constructor(queryUrl: string, timeoutMs: number) {
    this.#api = new ApiClient({ origin: new URL(queryUrl).origin, routes: API_ROUTES });
    this.#timeoutMs = timeoutMs;
  }

  /** Throws `UnavailableError` when the API does not answer, or not as agreed. The API knows one principal, its own. */
  async explain(_: Principal, comparison: Comparison): Promise<readonly GrownFunction[]> {
    const params = { ...comparison, limit: READ_FUNCTIONS, sort: 'self' } as const;
    const signal = AbortSignal.timeout(this.#timeoutMs);
    const { functions } = await this.#api.get('top', params, { signal }).catch((error: unknown) => {
      const status = error instanceof ApiError ? error.status : 0;
      const how = status === 0 ? 'did not answer' : `answered with status ${status}`;
      throw new UnavailableError('query_unavailable', `the query API ${how}`, { cause: error });
    });
    return functions
      .map(({ name, file, self, selfRight = 0 }) => ({ name, file, before: self, after: selfRight }))
      .filter((grown) => grown.after > grown.before)
      .toSorted((a, b) => b.after - b.before - (a.after - a.before))
      .slice(0, MAX_GROWN_FUNCTIONS);
  }
}
