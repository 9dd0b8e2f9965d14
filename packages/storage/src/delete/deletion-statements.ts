import type { TimeRange } from '@everflame/profile';
import { localTable, onCluster } from '../migrations/cluster.ts';
import {
  isServiceMatcher,
  profileConditions,
  selectorConditions,
  seriesConditions,
  type SeriesFilter,
} from '../read/profile-filter.ts';
import { allOf, dateTime, idLiterals, type Sql, SqlParams } from '../sql.ts';
import { finest, type Resolution, RESOLUTIONS } from '../rollup/resolutions.ts';
import type { BucketRange } from './deletion-range.ts';

/** Returns conditions on rows of rollups that match, whose bucket starts within the interval. */
export function rollupConditions(filter: SeriesFilter, interval: TimeRange, params: SqlParams): string[] {
  return [
    ...selectorConditions(filter, params),
    `ts >= ${dateTime('start', interval.fromMs, params)}`,
    `ts < ${dateTime('end', interval.toMs, params)}`,
  ];
}

/** Returns conditions on rows of rollups that match, whose bucket is one of `starts`. */
export function bucketConditions(
  filter: SeriesFilter,
  starts: readonly number[],
  params: SqlParams,
): string[] {
  const buckets = starts.map((startMs, i) => dateTime(`bucket${i}`, startMs, params));
  return [...selectorConditions(filter, params), `ts IN (${buckets.join(', ')})`];
}

/** A statement that removes rows of the table on all nodes. */
function deleteFrom(table: string, cluster: string | undefined, conditions: readonly string[]): string {
  return `DELETE FROM ${localTable(table, cluster)}${onCluster(cluster)}\nWHERE ${allOf(conditions)}`;
}

export function deleteRaw(filter: SeriesFilter, cluster: string | undefined): Sql {
  const params = new SqlParams();
  return params.sql(deleteFrom('profiles', cluster, profileConditions(filter, params)));
}

export function deleteWhole(
  filter: SeriesFilter,
  { whole }: BucketRange,
  { table }: Resolution,
  cluster: string | undefined,
): Sql {
  const params = new SqlParams();
  return params.sql(deleteFrom(table, cluster, rollupConditions(filter, whole, params)));
}

/** Buckets at the ends of the range, of the series with these fingerprints. */
export function deleteEdges(
  filter: SeriesFilter,
  { edges }: BucketRange,
  fingerprints: { readonly lo: Uint32Array; readonly hi: Uint32Array },
  cluster: string | undefined,
): Sql {
  const params = new SqlParams();
  const ids = idLiterals(fingerprints.lo, fingerprints.hi);
  const conditions = [...bucketConditions(filter, edges, params), `fp IN (${ids})`];
  return params.sql(deleteFrom(finest().table, cluster, conditions));
}

/** Buckets that the range touches, but for rows of the version that was just rolled up. */
export function deleteOtherVersions(
  filter: SeriesFilter,
  { resolution, version }: { readonly resolution: Resolution; readonly version: number },
  { touched }: BucketRange,
  cluster: string | undefined,
): Sql {
  const params = new SqlParams();
  const conditions = [
    ...rollupConditions(filter, touched, params),
    `ver != ${params.bind('version', 'UInt64', version)}`,
  ];
  return params.sql(deleteFrom(resolution.table, cluster, conditions));
}

/**
 * Values of labels that no series has any more, on the days of the filter, after `deleteSeries`. Writers store series
 * before their labels, so that none is taken for left over that is being stored.
 */
export function deleteLabelValues(filter: SeriesFilter, cluster: string | undefined): Sql {
  const params = new SqlParams();
  // What is known of a row besides its label; deletions that were cut off left nothing else to go by.
  const conditions = seriesConditions(
    { ...filter, matchers: filter.matchers.filter(isServiceMatcher) },
    params,
  );
  return params.sql(
    deleteFrom('label_values', cluster, [
      ...conditions,
      `cityHash64(day, type, service, key, val) NOT IN (
    SELECT cityHash64(day, type, service, arrayJoin(mapKeys(labels)) AS name, labels[name])
    FROM series
    WHERE ${allOf(conditions)})`,
    ]),
  );
}

/** Series of the days of the filter. */
export function deleteSeries(filter: SeriesFilter, cluster: string | undefined): Sql {
  const params = new SqlParams();
  return params.sql(deleteFrom('series', cluster, seriesConditions(filter, params)));
}

/** Notes every hour that matching profiles lie in as late: it is read from raw profiles until it is rolled up again. */
export function insertLateHoursOf(filter: SeriesFilter): Sql {
  const params = new SqlParams();
  return params.sql(`INSERT INTO late_hours (tenant, service, hour)
SELECT DISTINCT tenant, service, toStartOfHour(ts)
FROM profiles
WHERE ${allOf(profileConditions(filter, params))}`);
}

/**
 * Notes that hours of which no profiles are left are rolled up as of `atMs`, to be followed by `insertEmptiedHours`. Without
 * it they would be read from profiles that are not there, being late. Hours that got late since `sinceMs` are left out:
 * they have an entry that says so, or profiles that are on their way.
 */
export function insertEmptiedState(
  filter: SeriesFilter,
  { whole }: BucketRange,
  { sinceMs, atMs }: { readonly sinceMs: number; readonly atMs: number },
): Sql {
  const { name, table, startOf } = finest();
  const params = new SqlParams();
  const tenant = `tenant = ${params.bind('tenant', 'String', filter.tenant)}`;
  const since = params.bind('since', 'Int64', sinceMs);
  const profiles = profileConditions({ tenant: filter.tenant, matchers: [], ...whole }, params.scoped('raw'));
  return params.sql(`INSERT INTO rollup_state (level, bucket, tenant, service, version)
SELECT DISTINCT '${name}', ts, tenant, service, ${params.bind('at', 'UInt64', atMs)}
FROM ${table}
WHERE ${allOf([
    ...rollupConditions(filter, whole, params),
    `(service, ts) NOT IN (SELECT DISTINCT service, ${startOf('ts')} FROM profiles WHERE ${allOf(profiles)})`,
    `(service, ts) NOT IN (SELECT DISTINCT service, ${startOf('hour')} FROM late_hours
    WHERE ${tenant} AND at >= fromUnixTimestamp64Milli(${since}, 'UTC'))`,
  ])}`);
}

/** Logs the hours of `insertEmptiedState` as late as of `atMs`: whoever cached an answer sees that it is out of date. */
export function insertEmptiedHours(filter: SeriesFilter, atMs: number): Sql {
  const params = new SqlParams();
  return params.sql(`INSERT INTO late_hours (tenant, service, hour, at)
SELECT tenant, service, bucket, fromUnixTimestamp64Milli(${params.bind('at_ms', 'Int64', atMs)}, 'UTC')
FROM rollup_state
WHERE ${emptiedConditions(filter, atMs, params)}`);
}

function emptiedConditions(filter: SeriesFilter, atMs: number, params: SqlParams): string {
  return allOf([
    `level = '${finest().name}'`,
    `tenant = ${params.bind('tenant', 'String', filter.tenant)}`,
    "service != ''",
    `version = ${params.bind('at', 'UInt64', atMs)}`,
  ]);
}

/** Logs anew, as of now, the hours of the interval that were logged since `sinceMs`, but for those emptied as of `atMs`. */
export function repeatLateHours(
  filter: SeriesFilter,
  { fromMs, toMs }: TimeRange,
  { sinceMs, atMs }: { readonly sinceMs: number; readonly atMs: number },
): Sql {
  const params = new SqlParams();
  return params.sql(`INSERT INTO late_hours (tenant, service, hour)
SELECT DISTINCT tenant, service, hour
FROM late_hours
WHERE ${allOf([
    `tenant = ${params.bind('tenant', 'String', filter.tenant)}`,
    `hour >= ${dateTime('start', fromMs, params)}`,
    `hour < ${dateTime('end', toMs, params)}`,
    `at >= fromUnixTimestamp64Milli(${params.bind('since', 'Int64', sinceMs)}, 'UTC')`,
    // Later times stand for hours that cannot be rolled up, and stay.
    'at <= now64(3)',
    `(service, hour) NOT IN (SELECT service, bucket FROM rollup_state WHERE ${emptiedConditions(filter, atMs, params)})`,
  ])}`);
}

/** Fingerprints of series with profiles in the part of the edges that lies in the range. */
export function selectEdgeFingerprints(filter: SeriesFilter, { edges }: BucketRange): Sql {
  const params = new SqlParams();
  const buckets = edges.map((startMs, i) => dateTime(`edge${i}`, startMs, params));
  return params.sql(`SELECT DISTINCT fp
FROM profiles
WHERE ${allOf([...profileConditions(filter, params), `${finest().startOf('ts')} IN (${buckets.join(', ')})`])}`);
}

/** Services of matching series. */
export function selectServices(filter: SeriesFilter): Sql {
  const params = new SqlParams();
  return params.sql(`SELECT DISTINCT CAST(service AS String) AS service_name
FROM series
WHERE ${allOf(seriesConditions(filter, params))}`);
}

/** Inserts of rollups that began before `beforeMs` and still run. */
export function countRollupsSince(beforeMs: number, cluster: string | undefined): Sql {
  const params = new SqlParams();
  const processes =
    cluster === undefined ? 'system.processes' : `clusterAllReplicas(\`${cluster}\`, system.processes)`;
  const inserts = RESOLUTIONS.map(({ table }) => `query LIKE '%INTO ${table}%'`);
  return params.sql(`SELECT toUInt32(count()) AS running
FROM ${processes}
WHERE query_kind = 'Insert' AND (${inserts.join(' OR ')})
  AND toUnixTimestamp64Milli(now64(3)) - toInt64(elapsed * 1000) <= ${params.bind('before', 'Int64', beforeMs)}`);
}
