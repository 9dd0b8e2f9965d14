import type { ClickHouse } from '../client.ts';
import { allOf, type Sql, SqlParams } from '../sql.ts';
import { checkedRange, isServiceMatcher, type SeriesFilter } from './profile-filter.ts';

const HOUR_MS = 3_600_000;
/** ClickHouse's `DateTime` ends in 2106. */
const LAST_SECOND = 0xffff_ffff;

/** What changed last in the hours of a range. */
export interface RangeVersion {
  /** Differs whenever profiles of hours that were over have come or gone in between. */
  readonly version: string;
  /** Unix ms of the newest change; 0 where nothing came late. */
  readonly newestMs: number;
  /** ClickHouse's clock, Unix ms. */
  readonly nowMs: number;
}

/**
 * A profile that comes after its hour is over marks the hour before it is stored (ADR 0008), and so does a deletion:
 * the marks say whether an answer about hours that are over still holds. A mark may be some minutes ahead of what it
 * announces. The result has an entry per filter, in their order.
 */
export async function rangeVersions(
  clickhouse: ClickHouse,
  filters: readonly SeriesFilter[],
): Promise<RangeVersion[]> {
  const answer = await clickhouse.select(selectRangeVersions(filters));
  const places = answer.numbers('place');
  const marks = answer.numbers('marks');
  const { lo, hi } = answer.uint64('hash');
  const newest = answer.numbers('newest_ms');
  const now = answer.numbers('now_ms');
  return filters.map((_, place) => {
    const row = places.indexOf(place);
    return {
      version: `${marks[row]}-${hi[row]}-${lo[row]}`,
      newestMs: newest[row] ?? 0,
      nowMs: now[row] ?? 0,
    };
  });
}

export function selectRangeVersions(filters: readonly SeriesFilter[]): Sql {
  const params = new SqlParams();
  const text = filters
    .map((filter, place) => rangeVersionText(filter, place, params.scoped(`range${place}`)))
    .join('\nUNION ALL\n');
  return { text, params: params.values };
}

function rangeVersionText(filter: SeriesFilter, place: number, params: SqlParams): string {
  const { fromMs, toMs } = checkedRange(filter);
  const from = params.bind('from', 'UInt32', Math.floor(fromMs / HOUR_MS) * (HOUR_MS / 1000));
  const to = params.bind('to', 'UInt32', Math.min(Math.ceil(toMs / 1000), LAST_SECOND));
  const conditions = [
    `tenant = ${params.bind('tenant', 'String', filter.tenant)}`,
    `hour >= toDateTime(${from}, 'UTC')`,
    `hour < toDateTime(${to}, 'UTC')`,
  ];
  const named = filter.matchers.find((matcher) => isServiceMatcher(matcher) && matcher.op === '=');
  if (named !== undefined) conditions.push(`service = ${params.bind('service', 'String', named.value)}`);
  return `SELECT toUInt8(${place}) AS place, toFloat64(count()) AS marks, sum(cityHash64(hour, service, at)) AS hash,
  toUnixTimestamp64Milli(max(at)) AS newest_ms, toUnixTimestamp64Milli(now64(3, 'UTC')) AS now_ms
FROM rollup_marks FINAL
WHERE ${allOf(conditions)}`;
}
