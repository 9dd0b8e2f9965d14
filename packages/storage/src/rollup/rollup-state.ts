import type { ClickHouse } from '../client.ts';
import { StringColumn, UInt32Column, UInt64Column } from '../native/columns.ts';
import { type Sql, SqlParams } from '../sql.ts';
import { insertLateHours, type ServiceOfTenant } from '../write/late-hours.ts';
import type { Resolution } from './resolutions.ts';

/*
 * What is rolled up (`rollup_state`) and what came after it (`late_hours`). A bucket is good for a service when it is
 * rolled up and no late hour of the service in it is newer than the version of the bucket or of the service in it.
 */

/** A row of `rollup_state`. */
export interface BucketState {
  /** Name of a resolution, or `moved`: some series of the bucket have rows in several classes of retention. */
  readonly level: string;
  /** Start, Unix ms. */
  readonly bucketMs: number;
  /** The whole bucket where tenant and service are ''. */
  readonly tenant: string;
  readonly service: string;
  readonly version: number;
}

/** A service in a bucket that got profiles after it was rolled up. */
export interface StaleService extends ServiceOfTenant {
  /** Start of the bucket, Unix ms. */
  readonly bucketMs: number;
}

/** A later time than any clock shows until raw profiles have long expired. */
const ALWAYS_LATE_MS = Date.UTC(2200, 0, 1);

export type Clock = Awaited<ReturnType<typeof readClock>>;

/** Returns the time of ClickHouse and that of the oldest raw profile where there is one, in Unix ms. */
export async function readClock(clickhouse: ClickHouse) {
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

/** Returns the starts of the buckets from `fromMs` on that are rolled up as a whole. */
export async function readDone(
  clickhouse: ClickHouse,
  { name }: Resolution,
  fromMs: number,
): Promise<ReadonlySet<number>> {
  const params = new SqlParams();
  const sql = params.sql(`SELECT DISTINCT toUInt32(bucket) AS start
FROM rollup_state
WHERE level = ${params.bind('level', 'String', name)} AND tenant = '' AND service = ''
  AND bucket >= toDateTime(intDiv(${params.bind('from', 'Int64', fromMs)}, 1000), 'UTC')`);
  const answer = await clickhouse.select(sql);
  return new Set(Array.from(answer.numbers('start'), (seconds) => seconds * 1000));
}

/**
 * Returns what came late since it was rolled up, the last of it not after `untilMs`: rolling up again before that would
 * not do. The newest first, at most `limit`.
 */
export async function readStale(
  clickhouse: ClickHouse,
  resolution: Resolution,
  { untilMs, limit }: { untilMs: number; limit: number },
): Promise<StaleService[]> {
  const answer = await clickhouse.select(selectStale(resolution, untilMs, limit));
  return answer
    .records({ tenant_id: 'string', service_name: 'string', start: 'number' })
    .map((row) => ({ tenant: row.tenant_id, service: row.service_name, bucketMs: row.start * 1000 }));
}

export function selectStale({ name, startOf }: Resolution, untilMs: number, limit: number): Sql {
  const params = new SqlParams();
  const state = `FROM rollup_state WHERE level = ${params.bind('level', 'String', name)}`;
  return params.sql(`SELECT tenant_id, service_name, toUInt32(start) AS start
FROM (
  SELECT CAST(tenant AS String) AS tenant_id, CAST(service AS String) AS service_name, ${startOf('hour')} AS start,
    toUnixTimestamp64Milli(max(at)) AS at_ms
  FROM late_hours
  GROUP BY tenant_id, service_name, start
  HAVING at_ms <= ${params.bind('until', 'Int64', untilMs)}
) AS late
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
LIMIT ${params.bind('limit', 'UInt32', limit)}`);
}

export async function writeState(clickhouse: ClickHouse, buckets: readonly BucketState[]): Promise<void> {
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
  await clickhouse.insertColumns('rollup_state', columns);
}

/** Has these services read from raw profiles in the bucket for as long as there are any. */
export async function keepRaw(
  clickhouse: ClickHouse,
  hourMs: number,
  services: readonly ServiceOfTenant[],
): Promise<void> {
  if (services.length === 0) return;
  const hours = services.map(({ tenant, service }) => ({ tenant, service, hourMs }));
  await insertLateHours(clickhouse, hours, ALWAYS_LATE_MS);
}
