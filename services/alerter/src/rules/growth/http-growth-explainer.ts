import { topResponseSchema } from '@everflame/contract';
import { UnavailableError } from '@everflame/profile';
import { comparisonParams } from './comparison.ts';
import { type Comparison, GrowthExplainer, type GrownFunction } from '../../application/ports.ts';

const MAX_GROWN_FUNCTIONS = 10;
/** The API sorts by size, not by growth, so more are read than are kept. */
const READ_FUNCTIONS = 5000;

/** Asks the query API to compare both ranges function by function. */
export class HttpGrowthExplainer extends GrowthExplainer {
  readonly #queryUrl: string;
  readonly #timeoutMs: number;

  constructor(queryUrl: string, timeoutMs: number) {
    super();
    this.#queryUrl = queryUrl;
    this.#timeoutMs = timeoutMs;
  }

  /** Throws `UnavailableError` when the API does not answer, or not as agreed. */
  async explain(comparison: Comparison): Promise<readonly GrownFunction[]> {
    const url = new URL('/api/v1/top', this.#queryUrl);
    const params = comparisonParams(comparison);
    params.set('limit', String(READ_FUNCTIONS));
    params.set('sort', 'self');
    url.search = params.toString();
    const { functions } = topResponseSchema.parse(await this.#getJson(url));
    return functions
      .map(({ name, file, self, selfRight = 0 }) => ({ name, file, before: self, after: selfRight }))
      .filter((grown) => grown.after > grown.before)
      .toSorted((a, b) => b.after - b.before - (a.after - a.before))
      .slice(0, MAX_GROWN_FUNCTIONS);
  }

  async #getJson(url: URL): Promise<unknown> {
    let response: Response;
    try {
      response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(this.#timeoutMs) });
    } catch (error) {
      throw new UnavailableError('query_unavailable', 'the query API did not answer', { cause: error });
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw new UnavailableError(
        'query_unavailable',
        `the query API answered with status ${response.status}`,
      );
    }
    return response.json();
  }
}
