import {
  type ClickHouse,
  type MergedStacks,
  mergePair,
  mergeStacks,
  type ProfileFilter,
  type ProfileKey,
  profileStacks,
  type SingleProfile,
} from '@everflame/storage';
import type { FlamegraphQuery } from '@everflame/contract';
import type { EntryLayout } from './cache-entry.ts';
import type { CachedAnswers } from './cached-answers.ts';

/** `kind`: gauges are averaged; `sum`: everything adds up. */
export type Aggregate = FlamegraphQuery['aggregate'];

type Arrays = Pick<MergedStacks, 'stackIdLo' | 'stackIdHi' | 'values' | 'exactValues'>;
type Header = Omit<MergedStacks, keyof Arrays> & {
  readonly stacks: number;
  readonly isBig: boolean;
};

/**
 * Merges profiles, those of settled hours through a cache. What is cached is the sum per stack and not a tree: so one
 * entry serves every filter, every zoom and every export of a range.
 */
export class CachedMerge {
  readonly #clickhouse: ClickHouse;
  readonly #answers: CachedAnswers;

  constructor(clickhouse: ClickHouse, answers: CachedAnswers) {
    this.#clickhouse = clickhouse;
    this.#answers = answers;
  }

  async merge(filter: ProfileFilter, aggregate: Aggregate): Promise<MergedStacks> {
    return this.#answers.read([filter], ['merge', aggregate], MERGED_LAYOUT, () =>
      mergeStacks(this.#clickhouse, filter, { aggregate }),
    );
  }

  /**
   * Both sides of a comparison; where nothing of them can be cached, in one pass over the profiles, and then with one
   * pair of id arrays.
   */
  async mergeBoth(
    left: ProfileFilter,
    right: ProfileFilter,
    aggregate: Aggregate,
  ): Promise<readonly [MergedStacks, MergedStacks]> {
    if (!this.#answers.isCacheable([left, right])) {
      const pair = await mergePair(this.#clickhouse, left, right, { aggregate });
      if (pair !== undefined) return [pair.left, pair.right];
    }
    return Promise.all([this.merge(left, aggregate), this.merge(right, aggregate)]);
  }

  /** One profile, which is among those of `filters`; undefined where it does not exist. */
  async single(filters: readonly ProfileFilter[], key: ProfileKey): Promise<SingleProfile | undefined> {
    const { fingerprint, profileId } = key;
    return this.#answers.read(filters, ['profile', fingerprint, profileId], SINGLE_LAYOUT, () =>
      profileStacks(this.#clickhouse, key),
    );
  }
}

const MERGED_LAYOUT: EntryLayout<MergedStacks, Header> = {
  layout: 1,
  pack: ({ stackIdLo, stackIdHi, values, exactValues, ...rest }) => ({
    header: { ...rest, stacks: values.length, isBig: exactValues !== undefined },
    arrays: [stackIdLo, stackIdHi, values, ...(exactValues === undefined ? [] : [exactValues])],
  }),
  unpack: ({ stacks, isBig, ...rest }, body) =>
    body.byteLength === stacks * (isBig ? 24 : 16)
      ? {
          ...rest,
          stackIdLo: new Uint32Array(body, 0, stacks),
          stackIdHi: new Uint32Array(body, stacks * 4, stacks),
          values: new Float64Array(body, stacks * 8, stacks),
          ...(isBig ? { exactValues: new BigInt64Array(body, stacks * 16, stacks) } : {}),
        }
      : undefined,
};

/** What else a single profile has are plain values, which go with the others into the header. */
const SINGLE_LAYOUT = MERGED_LAYOUT as unknown as EntryLayout<SingleProfile | undefined, Header>;
