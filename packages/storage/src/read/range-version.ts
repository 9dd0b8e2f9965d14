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
 * announces.
 */
export async function rangeVersion(clickhouse: ClickHouse, filter: SeriesFilter): Promise<RangeVersion> {
  const answer = await clickhouse.select(selectRangeVersion(filter));
  return {
    version: answer.strings('version')[0] ?? '',
    newestMs: answer.numbers('newest_ms')[0] ?? 0,
    nowMs: answer.numbers('now_ms')[0] ?? 0,
  };
}

export function selectRangeVersion(filter: SeriesFilter): Sql {
  const params = new SqlParams();
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
  const text = `SELECT concat(toString(count()), '-', toString(sum(cityHash64(hour, service, newest)))) AS version,
  toFloat64(toUnixTimestamp64Milli(max(newest))) AS newest_ms,
  toFloat64(toUnixTimestamp64Milli(now64(3, 'UTC'))) AS now_ms
FROM (
  SELECT hour, service, max(at) AS newest
  FROM rollup_marks
  WHERE ${allOf(conditions)}
  GROUP BY hour, service
) AS marked`;
  return { text, params: params.values };
}
