import { createHash } from 'node:crypto';
import {
  type ClickHouse,
  type MergedStacks,
  mergePair,
  mergeStacks,
  type ProfileFilter,
  rangeVersion,
} from '@everflame/storage';
import type { MergeCache } from './merge-cache.ts';
import { decodeMerged, encodeMerged } from './merged-bytes.ts';

const HOUR_MS = 3_600_000;
/** An hour counts as closed this long after its end, and a change as stored this long after it was announced. */
const SETTLE_MS = 15 * 60_000;

type Aggregate = 'kind' | 'sum';

/**
 * Merges profiles, those of closed hours through a cache. What is kept is the sum per stack and not a tree: so one entry
 * serves every filter, every zoom and every export of a range. It holds as long as no profile of these hours has come
 * or gone, which ClickHouse is asked each time.
 */
export class MergeReads {
  private readonly clickhouse: ClickHouse;
  private readonly cache: MergeCache | undefined;

  constructor(clickhouse: ClickHouse, cache?: MergeCache) {
    this.clickhouse = clickhouse;
    this.cache = cache;
  }

  async merge(filter: ProfileFilter, aggregate: Aggregate): Promise<MergedStacks> {
    const { cache } = this;
    if (cache === undefined || !isClosed(filter)) return this.read(filter, aggregate);
    const key = keyOf(filter, aggregate);
    const [known, bytes] = await Promise.all([rangeVersion(this.clickhouse, filter), cache.get(key)]);
    const kept = bytes && decodeMerged(bytes, known.version);
    if (kept !== undefined) return kept;
    const merged = await this.read(filter, aggregate);
    const isSettled = Math.max(closingMs(filter), known.newestMs + SETTLE_MS) <= known.nowMs;
    // Nobody has to wait for it.
    if (isSettled) void cache.put(key, encodeMerged(merged, known.version));
    return merged;
  }

  /**
   * Both sides of a comparison; where nothing of them can be kept, in one pass over the profiles, and then with one pair
   * of id arrays.
   */
  async mergeBoth(
    left: ProfileFilter,
    right: ProfileFilter,
    aggregate: Aggregate,
  ): Promise<readonly [MergedStacks, MergedStacks]> {
    if (this.cache === undefined || !isClosed(left) || !isClosed(right)) {
      const pair = await mergePair(this.clickhouse, left, right, { aggregate });
      if (pair !== undefined) return [pair.left, pair.right];
    }
    return Promise.all([this.merge(left, aggregate), this.merge(right, aggregate)]);
  }

  private read(filter: ProfileFilter, aggregate: Aggregate): Promise<MergedStacks> {
    return mergeStacks(this.clickhouse, filter, { aggregate });
  }
}

/** From when on nothing but late profiles changes what the filter selects. */
function closingMs({ toMs }: ProfileFilter): number {
  return Math.ceil(toMs / HOUR_MS) * HOUR_MS + SETTLE_MS;
}

function isClosed(filter: ProfileFilter): boolean {
  return closingMs(filter) <= Date.now();
}

function keyOf(
  { tenant, profileTypeId, matchers, tags, fromMs, toMs }: ProfileFilter,
  aggregate: Aggregate,
): string {
  const selector = matchers.map(({ name, op, value }) => JSON.stringify([name, op, value])).toSorted();
  const what = JSON.stringify([tenant, profileTypeId, selector, tags ?? [], fromMs, toMs, aggregate]);
  return createHash('sha256').update(what).digest('base64url');
}
