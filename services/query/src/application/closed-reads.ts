import { createHash } from 'node:crypto';
import type { ClickHouse, ProfileFilter } from '@everflame/storage';
import type { AnswerCache } from './answer-cache.ts';
import { VersionBatches } from './version-batches.ts';

const HOUR_MS = 3_600_000;
/** An hour counts as closed this long after its end, and a change as stored this long after it was announced. */
const SETTLE_MS = 15 * 60_000;

/** How an answer is kept. */
export interface Codec<T> {
  /** The bytes of an answer that holds for a version of its range. */
  readonly encode: (answer: Exclude<T, undefined>, version: string) => Buffer;
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
    const key = keyOf(filter, what);
    const [known, bytes] = await Promise.all([this.versions.versionOf(filter), cache.get(key)]);
    const kept = bytes && codec.decode(bytes, known.version);
    if (kept !== undefined) return kept;
    const answer = await load();
    if (answer === undefined) return answer;
    const isSettled = Math.max(closingMs(filter), known.newestMs + SETTLE_MS) <= known.nowMs;
    // Nobody has to wait for it.
    if (isSettled) void cache.put(key, codec.encode(answer as Exclude<T, undefined>, known.version));
    return answer;
  }
}

/** From when on nothing but late profiles changes what the filter selects. */
function closingMs({ toMs }: ProfileFilter): number {
  return Math.ceil(toMs / HOUR_MS) * HOUR_MS + SETTLE_MS;
}

function keyOf(
  { tenant, profileTypeId, matchers, tags, fromMs, toMs }: ProfileFilter,
  what: readonly unknown[],
): string {
  const selector = matchers.map(({ name, op, value }) => JSON.stringify([name, op, value])).toSorted();
  const text = JSON.stringify([tenant, profileTypeId, selector, tags ?? [], fromMs, toMs, what]);
  return createHash('sha256').update(text).digest('base64url');
}
