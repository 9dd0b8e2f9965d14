import type { ClickHouse } from '../client.ts';
import { DateTime64Column, StringColumn, UInt32Column, UInt64Column } from '../native/columns.ts';
import { encodeNativeBlock } from '../native/encode-block.ts';
import { type Sql, SqlParams } from '../sql.ts';
import type { FoldedLevel, Unfoldable } from './roll-up.ts';

/*
 * What is folded (`rollup_state`) and what came after it (`late_hours`). A bucket is good for a service when it is
 * folded and no mark of the service in it is later than the version of the bucket or of the service in it.
 */

export interface Clock {
  /** Of ClickHouse, Unix ms. */
  readonly nowMs: number;
  /** Time of the oldest raw profile, Unix ms; undefined where there is none. */
  readonly oldestMs: number | undefined;
}

export interface FoldedBucket {
  /** `moved`: some series of the bucket, an hour or a day, have rows in several classes of retention. */
  readonly level: FoldedLevel | 'moved';
  /** Start, Unix ms. */
  readonly bucketMs: number;
  /** The whole bucket where tenant and service are ''. */
  readonly tenant: string;
  readonly service: string;
  readonly version: number;
}

/** A service in a bucket that got profiles after it was folded. */
export interface Stale {
  readonly tenant: string;
  readonly service: string;
  /** Start of the bucket, Unix ms. */
  readonly bucketMs: number;
}

/** A later time than any clock shows until raw profiles have long expired. */
const NEVER_FOLDED_MS = Date.UTC(2200, 0, 1);

export async function readClock(clickhouse: ClickHouse): Promise<Clock> {
  // ClickHouse knows the smallest time of each partition, so this reads no rows.
  const answer = await clickhouse.select({
    text: `SELECT toUnixTimestamp64Milli(now64(3)) AS now_ms, toUnixTimestamp64Milli(min(ts)) AS oldest_ms, toUInt8(count() > 0) AS has_rows
FROM profiles`,
    params: {},
  });
  const hasRows = answer.numbers('has_rows')[0] === 1;
  return {
    nowMs: answer.numbers('now_ms')[0] ?? 0,
    oldestMs: hasRows ? answer.numbers('oldest_ms')[0] : undefined,
  };
}

/** Starts of the buckets from `fromMs` on that are folded as a whole. */
export async function readFolded(
  clickhouse: ClickHouse,
  level: FoldedLevel,
  fromMs: number,
): Promise<ReadonlySet<number>> {
  const params = new SqlParams();
  const answer = await clickhouse.select({
    text: `SELECT DISTINCT toUInt32(bucket) AS start
FROM rollup_state
WHERE level = ${params.bind('level', 'String', level)} AND tenant = '' AND service = ''
  AND bucket >= toDateTime(intDiv(${params.bind('from', 'Int64', fromMs)}, 1000), 'UTC')`,
    params: params.values,
  });
  return new Set(Array.from(answer.numbers('start'), (seconds) => seconds * 1000));
}

/**
 * What got marks since it was folded, the last of them not later than `untilMs`: folding again before that would not do.
 * The newest first, at most `limit`.
 */
export async function readStale(
  clickhouse: ClickHouse,
  level: FoldedLevel,
  { untilMs, limit }: { untilMs: number; limit: number },
): Promise<Stale[]> {
  const answer = await clickhouse.select(selectStale(level, untilMs, limit));
  const services = answer.strings('service_name');
  const starts = answer.numbers('start');
  return answer.strings('tenant_id').map((tenant, row) => ({
    tenant,
    service: services[row] ?? '',
    bucketMs: (starts[row] ?? 0) * 1000,
  }));
}

export function selectStale(level: FoldedLevel, untilMs: number, limit: number): Sql {
  const params = new SqlParams();
  const bucket = level === 'hour' ? 'hour' : 'toStartOfDay(hour)';
  const state = `FROM rollup_state WHERE level = ${params.bind('level', 'String', level)}`;
  const text = `SELECT tenant_id, service_name, toUInt32(start) AS start
FROM (
  SELECT CAST(tenant AS String) AS tenant_id, CAST(service AS String) AS service_name, ${bucket} AS start,
    toUnixTimestamp64Milli(max(at)) AS at_ms
  FROM late_hours
  GROUP BY tenant_id, service_name, start
  HAVING at_ms <= ${params.bind('until', 'Int64', untilMs)}
) AS marked
INNER JOIN (
  SELECT bucket AS start, max(version) AS whole_version ${state} AND tenant = '' AND service = '' GROUP BY start
) AS whole USING (start)
LEFT JOIN (
  SELECT bucket AS start, CAST(tenant AS String) AS tenant_id, CAST(service AS String) AS service_name,
    max(version) AS own_version
  ${state} AND service != '' GROUP BY start, tenant_id, service_name
) AS own USING (start, tenant_id, service_name)
WHERE at_ms > greatest(whole_version, own_version)
ORDER BY start DESC, tenant_id, service_name
LIMIT ${params.bind('limit', 'UInt32', limit)}`;
  return { text, params: params.values };
}

export async function writeFolded(clickhouse: ClickHouse, buckets: readonly FoldedBucket[]): Promise<void> {
  const columns = {
    level: new StringColumn(),
    bucket: new UInt32Column("DateTime('UTC')"),
    tenant: new StringColumn(),
    service: new StringColumn(),
    version: new UInt64Column(),
  };
  for (const { level, bucketMs, tenant, service, version } of buckets) {
    columns.level.push(level);
    columns.bucket.push(bucketMs / 1000);
    columns.tenant.push(tenant);
    columns.service.push(service);
    columns.version.push(version >>> 0, Math.floor(version / 2 ** 32));
  }
  await clickhouse.insertNative(
    { table: 'rollup_state', columns: Object.keys(columns) },
    encodeNativeBlock(columns),
  );
}

/** Has these services read from raw profiles in the hour for as long as there are any. */
export async function markUnfoldable(
  clickhouse: ClickHouse,
  hourMs: number,
  services: readonly Unfoldable[],
): Promise<void> {
  if (services.length === 0) return;
  const columns = {
    tenant: new StringColumn(),
    service: new StringColumn(),
    hour: new UInt32Column("DateTime('UTC')"),
    at: new DateTime64Column(),
  };
  for (const { tenant, service } of services) {
    columns.tenant.push(tenant);
    columns.service.push(service);
    columns.hour.push(hourMs / 1000);
    columns.at.push(NEVER_FOLDED_MS);
  }
  await clickhouse.insertNative(
    { table: 'late_hours', columns: Object.keys(columns) },
    encodeNativeBlock(columns),
  );
}
