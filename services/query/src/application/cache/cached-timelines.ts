import {
  type ClickHouse,
  type ProfileFilter,
  timeline,
  type Timeline,
  type TimelineGroup,
} from '@everflame/storage';
import type { EntryLayout } from './cache-entry.ts';
import type { CachedAnswers } from './cached-answers.ts';

export interface TimelineQuestion {
  readonly stepMs: number;
  /** Everything is one group where absent. */
  readonly groupBy?: string | undefined;
}

/** Timelines, those of settled hours through a cache. */
export class CachedTimelines {
  readonly clickhouse: ClickHouse;
  readonly #answers: CachedAnswers;

  constructor(clickhouse: ClickHouse, answers: CachedAnswers) {
    this.clickhouse = clickhouse;
    this.#answers = answers;
  }

  async read(filter: ProfileFilter, { stepMs, groupBy }: TimelineQuestion): Promise<Timeline> {
    return this.#answers.read([filter], ['timeline', stepMs, groupBy ?? null], LAYOUT, () =>
      timeline(this.clickhouse, filter, { stepMs, groupBy }),
    );
  }
}

type Header = Omit<Timeline, 'groups'> & { readonly values: readonly string[] };

/** Bytes per bucket of a group: three doubles and two counts. */
const BUCKET_BYTES = 32;

/** The doubles of all groups, then their counts. */
const LAYOUT: EntryLayout<Timeline, Header> = {
  layout: 1,
  pack: ({ groups, ...rest }) => ({
    header: { ...rest, values: groups.map(({ value }) => value) },
    arrays: [
      ...groups.flatMap(({ sums, rates, averages }) => [sums, rates, averages]),
      ...groups.flatMap(({ profiles, series }) => [profiles, series]),
    ],
  }),
  unpack: ({ values, ...rest }, body) => {
    const { buckets } = rest;
    if (body.byteLength !== values.length * buckets * BUCKET_BYTES) return undefined;
    const doubles = (index: number): Float64Array => new Float64Array(body, index * buckets * 8, buckets);
    const countsBegin = values.length * buckets * 24;
    const counts = (index: number): Uint32Array =>
      new Uint32Array(body, countsBegin + index * buckets * 4, buckets);
    const groups = values.map((value, group): TimelineGroup => ({
      value,
      sums: doubles(group * 3),
      rates: doubles(group * 3 + 1),
      averages: doubles(group * 3 + 2),
      profiles: counts(group * 2),
      series: counts(group * 2 + 1),
    }));
    return { ...rest, groups };
  },
};
