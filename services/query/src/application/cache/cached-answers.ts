import { createHash } from 'node:crypto';
import { HOUR_MS, MINUTE_MS } from '@everflame/profile';
import type { ProfileFilter, RangeVersion } from '@everflame/storage';
import { decodeEntry, encodeEntry, type EntryLayout } from './cache-entry.ts';
import type { VersionBatches } from './version-batches.ts';

/** Bytes of answers that may be asked for again. Port; the type is the injection token. Nothing here fails. */
export abstract class AnswerCache {
  /** Undefined where there is none, or it cannot be read now. */
  abstract get(key: string): Promise<Buffer | undefined>;
  /** Stores the bytes if it can, for as long as there is room. */
  abstract put(key: string, bytes: Buffer): Promise<void>;
}

/** Is told what is found in caches. */
export interface CacheObserver {
  /** Answers and trees in the cache of answers, by the kind of the question, and stacks in the cache of stacks. */
  looked(cache: string, outcome: 'hit' | 'miss', count?: number): void;
}

/** An hour counts as settled this long after its end, and a change as stored this long after it was announced. */
const SETTLE_MS = 15 * MINUTE_MS;

/** What is asked about some profiles: which kind of answer, and what tells it from others of this kind. */
export type Question = readonly [kind: 'merge' | 'profile' | 'timeline' | 'tree', ...rest: unknown[]];

/**
 * Answers about settled hours, through a cache. An entry holds as long as no profile of these hours has come or gone,
 * which ClickHouse is asked for each answer.
 */
export class CachedAnswers {
  readonly #versions: VersionBatches;
  readonly #cache: AnswerCache | undefined;
  readonly #observer: CacheObserver | undefined;
  /** A filter is made for one answer: all parts of the answer that are cached hold for the version at its begin. */
  readonly #asked = new WeakMap<ProfileFilter, Promise<RangeVersion>>();

  constructor(versions: VersionBatches, cache?: AnswerCache, observer?: CacheObserver) {
    this.#versions = versions;
    this.#cache = cache;
    this.#observer = observer;
  }

  /** Whether an answer about the profiles of these filters can be cached; not without filters. */
  isCacheable(filters: readonly ProfileFilter[]): boolean {
    const nowMs = Date.now();
    return (
      this.#cache !== undefined && filters.length > 0 && filters.every((filter) => settledMs(filter) <= nowMs)
    );
  }

  /** The answer of the cache, or else what `load` brings; undefined is not cached. */
  async read<T, Header extends object>(
    filters: readonly ProfileFilter[],
    question: Question,
    layout: EntryLayout<T, Header>,
    load: () => Promise<T>,
  ): Promise<T> {
    const cache = this.#cache;
    if (cache === undefined || !this.isCacheable(filters)) return load();
    const key = keyOf(filters, question);
    // The version comes first: what is loaded after it is never older.
    const [{ version, newestMs, nowMs }, bytes] = await Promise.all([
      this.#versionOf(filters),
      cache.get(key),
    ]);
    const cached = bytes && decodeEntry(layout, bytes, version);
    this.#observer?.looked(question[0], cached === undefined ? 'miss' : 'hit');
    if (cached !== undefined) return cached;
    const answer = await load();
    const isSettled = Math.max(...filters.map(settledMs), newestMs + SETTLE_MS) <= nowMs;
    const entry =
      answer !== undefined && isSettled
        ? encodeEntry(layout, answer as Exclude<T, undefined>, version)
        : undefined;
    // Nobody has to wait for it.
    if (entry !== undefined) void cache.put(key, entry);
    return answer;
  }

  async #versionOf(filters: readonly ProfileFilter[]): Promise<RangeVersion> {
    const versions = await Promise.all(filters.map((filter) => this.#askOnce(filter)));
    return {
      version: versions.map(({ version }) => version).join(),
      newestMs: Math.max(...versions.map(({ newestMs }) => newestMs)),
      nowMs: Math.min(...versions.map(({ nowMs }) => nowMs)),
    };
  }

  #askOnce(filter: ProfileFilter): Promise<RangeVersion> {
    const known = this.#asked.get(filter);
    if (known !== undefined) return known;
    const asked = this.#versions.versionOf(filter);
    this.#asked.set(filter, asked);
    return asked;
  }
}

/** From when on nothing but late profiles changes what the filter selects. */
function settledMs({ toMs }: ProfileFilter): number {
  return Math.ceil(toMs / HOUR_MS) * HOUR_MS + SETTLE_MS;
}

function keyOf(filters: readonly ProfileFilter[], question: Question): string {
  const selected = filters.map(({ tenant, profileTypeId, matchers, tags, fromMs, toMs }) => {
    const selector = matchers.map(({ name, op, value }) => JSON.stringify([name, op, value])).toSorted();
    return [tenant, profileTypeId, selector, tags ?? [], fromMs, toMs];
  });
  return createHash('sha256')
    .update(JSON.stringify([selected, question]))
    .digest('base64url');
}
