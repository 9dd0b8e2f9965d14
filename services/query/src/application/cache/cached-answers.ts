import { createHash } from 'node:crypto';
import type { ClickHouse, ProfileFilter, RangeVersion } from '@everflame/storage';
import type { AnswerCache } from './answer-cache.ts';
import { VersionBatches } from './version-batches.ts';

const HOUR_MS = 3_600_000;
/** An hour counts as closed this long after its end, and a change as stored this long after it was announced. */
const SETTLE_MS = 15 * 60_000;

/** How an answer is kept. */
export interface Codec<T> {
  /** The bytes of an answer that holds for a version of its range; undefined for one that is not to be kept. */
  readonly encode: (answer: Exclude<T, undefined>, version: string) => Buffer | undefined;
  /** Undefined for bytes of another layout or version. */
  readonly decode: (bytes: Buffer, version: string) => T | undefined;
}

/**
 * Answers about closed hours, through a cache. An entry holds as long as no profile of these hours has come or gone,
 * which ClickHouse is asked each time.
 */
export class ClosedReads {
  readonly clickhouse: ClickHouse;
  private readonly cache: AnswerCache | undefined;
  private readonly versions: VersionBatches;

  constructor(clickhouse: ClickHouse, cache?: AnswerCache) {
    this.clickhouse = clickhouse;
    this.cache = cache;
    this.versions = new VersionBatches(clickhouse);
  }

  /** Whether an answer about these profiles can be kept. */
  canKeep(filter: ProfileFilter): boolean {
    return this.cache !== undefined && closingMs(filter) <= Date.now();
  }

  /** What is kept under the filter and `what`, which names the question, or else what `load` brings; undefined is not kept. */
  async read<T>(
    filter: ProfileFilter,
    what: readonly unknown[],
    codec: Codec<T>,
    load: () => Promise<T>,
  ): Promise<T> {
    const { cache } = this;
    if (cache === undefined || !this.canKeep(filter)) return load();
    const key = keyOf([filter], what);
    const [known, bytes] = await Promise.all([this.versions.versionOf(filter), cache.get(key)]);
    const kept = bytes && codec.decode(bytes, known.version);
    if (kept !== undefined) return kept;
    const answer = await load();
    this.keep(key, [filter], codec, answer, known);
    return answer;
  }

  /**
   * The same for what `load` makes of other reads of the same filters: where nothing is kept, these ask for the versions
   * together with this one.
   */
  async readMade<T>(
    filters: readonly ProfileFilter[],
    what: readonly unknown[],
    codec: Codec<T>,
    load: () => Promise<T>,
  ): Promise<T> {
    const { cache } = this;
    const canKeep = filters.length > 0 && filters.every((filter) => this.canKeep(filter));
    if (cache === undefined || !canKeep) return load();
    const key = keyOf(filters, what);
    const bytes = await cache.get(key);
    const asked = this.versionOfAll(filters);
    if (bytes !== undefined) {
      const kept = codec.decode(bytes, (await asked).version);
      if (kept !== undefined) return kept;
    }
    const [answer, known] = await Promise.all([load(), asked]);
    this.keep(key, filters, codec, answer, known);
    return answer;
  }

  private async versionOfAll(filters: readonly ProfileFilter[]): Promise<RangeVersion> {
    const versions = await Promise.all(filters.map((filter) => this.versions.versionOf(filter)));
    return {
      version: versions.map(({ version }) => version).join(),
      newestMs: Math.max(...versions.map(({ newestMs }) => newestMs)),
      nowMs: Math.min(...versions.map(({ nowMs }) => nowMs)),
    };
  }

  /** Nobody has to wait for it. */
  private keep<T>(
    key: string,
    filters: readonly ProfileFilter[],
    codec: Codec<T>,
    answer: T,
    { version, newestMs, nowMs }: RangeVersion,
  ): void {
    const settledMs = Math.max(...filters.map(closingMs), newestMs + SETTLE_MS);
    if (answer === undefined || settledMs > nowMs) return;
    const bytes = codec.encode(answer as Exclude<T, undefined>, version);
    if (bytes !== undefined) void this.cache?.put(key, bytes);
  }
}

/** From when on nothing but late profiles changes what the filter selects. */
function closingMs({ toMs }: ProfileFilter): number {
  return Math.ceil(toMs / HOUR_MS) * HOUR_MS + SETTLE_MS;
}

function keyOf(filters: readonly ProfileFilter[], what: readonly unknown[]): string {
  const selected = filters.map(({ tenant, profileTypeId, matchers, tags, fromMs, toMs }) => {
    const selector = matchers.map(({ name, op, value }) => JSON.stringify([name, op, value])).toSorted();
    return [tenant, profileTypeId, selector, tags ?? [], fromMs, toMs];
  });
  return createHash('sha256')
    .update(JSON.stringify([selected, what]))
    .digest('base64url');
}
