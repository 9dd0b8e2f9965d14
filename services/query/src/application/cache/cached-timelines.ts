import {
  type ClickHouse,
  type ProfileFilter,
  timeline,
  type Timeline,
  type TimelineGroup,
} from '@everflame/storage';
import type { ClosedReads } from './cached-answers.ts';
import { packKept, unpackKept } from './cache-entry.ts';

/** Before a change of the layout or of what values mean, this must change. */
const LAYOUT = 1;
/** Bytes per bucket of a group: three doubles and two counts. */
const BUCKET_BYTES = 32;

export interface TimelineQuestion {
  readonly stepMs: number;
  /** Everything is one group where absent. */
  readonly groupBy?: string | undefined;
}

const CODEC = { encode: encodeTimeline, decode: decodeTimeline };

/** Timelines, those of closed hours through a cache. */
export class TimelineReads {
  readonly clickhouse: ClickHouse;
  private readonly reads: ClosedReads;

  constructor(reads: ClosedReads) {
    this.clickhouse = reads.clickhouse;
    this.reads = reads;
  }

  async read(filter: ProfileFilter, { stepMs, groupBy }: TimelineQuestion): Promise<Timeline> {
    return this.reads.read(filter, ['timeline', stepMs, groupBy ?? null], CODEC, () =>
      timeline(this.clickhouse, filter, { stepMs, groupBy }),
    );
  }
}

type Header = Omit<Timeline, 'groups'> & {
  readonly layout: number;
  readonly version: string;
  readonly values: readonly string[];
};

/** A timeline with the version that it holds for, as bytes: the doubles of all groups, then their counts. */
function encodeTimeline({ groups, ...rest }: Timeline, version: string): Buffer {
  const header: Header = { ...rest, layout: LAYOUT, version, values: groups.map(({ value }) => value) };
  return packKept(header, [
    ...groups.flatMap(({ sums, rates, levels }) => [sums, rates, levels]),
    ...groups.flatMap(({ profiles, series }) => [profiles, series]),
  ]);
}

/** Undefined for bytes of another layout or version. */
function decodeTimeline(bytes: Buffer, version: string): Timeline | undefined {
  const unpacked = unpackKept(bytes);
  if (unpacked === undefined) return undefined;
  const { header, body } = unpacked;
  const { layout, version: storedVersion, values, ...rest } = header as Header;
  if (layout !== LAYOUT || storedVersion !== version) return undefined;
  const { buckets } = rest;
  if (body.byteLength !== values.length * buckets * BUCKET_BYTES) return undefined;
  const doubles = (at: number): Float64Array => new Float64Array(body, at * buckets * 8, buckets);
  const countsAt = values.length * buckets * 24;
  const counts = (at: number): Uint32Array => new Uint32Array(body, countsAt + at * buckets * 4, buckets);
  const groups = values.map((value, at): TimelineGroup => ({
    value,
    sums: doubles(at * 3),
    rates: doubles(at * 3 + 1),
    levels: doubles(at * 3 + 2),
    profiles: counts(at * 2),
    series: counts(at * 2 + 1),
  }));
  return { ...rest, groups };
}
