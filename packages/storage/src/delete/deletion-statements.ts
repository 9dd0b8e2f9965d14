import { localTable, onCluster } from '../migrations/cluster.ts';
import {
  isServiceMatcher,
  profileConditions,
  selectorConditions,
  seriesConditions,
  type SeriesFilter,
} from '../read/profile-filter.ts';
import { allOf, idLiterals, type Sql, SqlParams } from '../sql.ts';
import { type DeletionRange, type Interval } from './deletion-range.ts';

export type FoldedTable = 'profiles_1h' | 'profiles_1d';

/** ClickHouse's `DateTime` ends in 2106. */
const LAST_SECOND = 0xffff_ffff;
const DAY_MS = 86_400_000;

/** Conditions on folded rows that match, whose bucket starts within the interval. */
export function foldedConditions(filter: SeriesFilter, interval: Interval, params: SqlParams): string[] {
  return [
    ...selectorConditions(filter, params),
    `ts >= ${dateTime('start', interval.fromMs, params)}`,
    `ts < ${dateTime('end', interval.toMs, params)}`,
  ];
}

/** Conditions on folded rows that match, whose bucket is one of `starts`. */
export function bucketConditions(
  filter: SeriesFilter,
  starts: readonly number[],
  params: SqlParams,
): string[] {
  const buckets = starts.map((startMs, i) => dateTime(`bucket${i}`, startMs, params));
  return [...selectorConditions(filter, params), `ts IN (${buckets.join(', ')})`];
}

function dateTime(name: string, timeMs: number, params: SqlParams): string {
  const seconds = Math.min(Math.floor(timeMs / 1000), LAST_SECOND);
  return `toDateTime(${params.bind(name, 'UInt32', seconds)}, 'UTC')`;
}

/** A statement that removes rows of the table on all nodes. */
function deleteFrom(table: string, cluster: string | undefined, conditions: readonly string[]): string {
  return `DELETE FROM ${localTable(table, cluster)}${onCluster(cluster)}\nWHERE ${allOf(conditions)}`;
}

export function deleteRaw(filter: SeriesFilter, cluster: string | undefined): Sql {
  const params = new SqlParams();
  const text = deleteFrom('profiles', cluster, profileConditions(filter, params));
  return { text, params: params.values };
}

export function deleteWholeHours(
  filter: SeriesFilter,
  { hours }: DeletionRange,
  cluster: string | undefined,
): Sql {
  const params = new SqlParams();
  const text = deleteFrom('profiles_1h', cluster, foldedConditions(filter, hours, params));
  return { text, params: params.values };
}

/** Hours at the ends of the range, of the series with these fingerprints. */
export function deleteEdgeHours(
  filter: SeriesFilter,
  { edgeHours }: DeletionRange,
  fingerprints: { readonly lo: Uint32Array; readonly hi: Uint32Array },
  cluster: string | undefined,
): Sql {
  const params = new SqlParams();
  const ids = idLiterals(fingerprints.lo, fingerprints.hi);
  const conditions = [...bucketConditions(filter, edgeHours, params), `fp IN (${ids})`];
  return { text: deleteFrom('profiles_1h', cluster, conditions), params: params.values };
}

/** Days that the range touches, but for rows of the version that was just folded. */
export function deleteDays(
  filter: SeriesFilter,
  { days }: DeletionRange,
  version: number,
  cluster: string | undefined,
): Sql {
  const params = new SqlParams();
  const conditions = [
    ...foldedConditions(filter, days, params),
    `ver != ${params.bind('version', 'UInt64', version)}`,
  ];
  return { text: deleteFrom('profiles_1d', cluster, conditions), params: params.values };
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
  const text = deleteFrom('label_values', cluster, [
    ...conditions,
    `cityHash64(day, type, service, key, val) NOT IN (
    SELECT cityHash64(day, type, service, arrayJoin(mapKeys(labels)) AS name, labels[name])
    FROM series
    WHERE ${allOf(conditions)})`,
  ]);
  return { text, params: params.values };
}

/** Series of the days of the filter. */
export function deleteSeries(filter: SeriesFilter, cluster: string | undefined): Sql {
  const params = new SqlParams();
  const text = deleteFrom('series', cluster, seriesConditions(filter, params));
  return { text, params: params.values };
}

/** Marks every hour that matching profiles lie in, so that it is read from raw profiles until it is folded again. */
export function insertMarks(filter: SeriesFilter): Sql {
  const params = new SqlParams();
  const text = `INSERT INTO late_hours (tenant, service, hour)
SELECT DISTINCT tenant, service, toStartOfHour(ts)
FROM profiles
WHERE ${allOf(profileConditions(filter, params))}`;
  return { text, params: params.values };
}

/**
 * Notes that hours of which no profiles are left are folded as of `atMs`, to be followed by `insertFoldedMarks`. Without
 * the note the marks would have them read from profiles that are not there. Hours with a mark since `sinceMs` are left out:
 * they have one that says so, or profiles that are on their way.
 */
export function insertFoldedState(
  filter: SeriesFilter,
  { hours }: DeletionRange,
  { sinceMs, atMs }: { readonly sinceMs: number; readonly atMs: number },
): Sql {
  const params = new SqlParams();
  const tenant = `tenant = ${params.bind('tenant', 'String', filter.tenant)}`;
  const since = params.bind('since', 'Int64', sinceMs);
  const profiles = profileConditions({ tenant: filter.tenant, matchers: [], ...hours }, params.scoped('raw'));
  const text = `INSERT INTO rollup_state (level, bucket, tenant, service, version)
SELECT DISTINCT 'hour', ts, tenant, service, ${params.bind('at', 'UInt64', atMs)}
FROM profiles_1h
WHERE ${allOf([
    ...foldedConditions(filter, hours, params),
    `(service, ts) NOT IN (SELECT DISTINCT service, toStartOfHour(ts) FROM profiles WHERE ${allOf(profiles)})`,
    `(service, ts) NOT IN (SELECT DISTINCT service, hour FROM late_hours
    WHERE ${tenant} AND at >= fromUnixTimestamp64Milli(${since}, 'UTC'))`,
  ])}`;
  return { text, params: params.values };
}

/** Marks the hours that were noted as folded as of `atMs`, which tells whoever remembers an answer that it is out of date. */
export function insertFoldedMarks(filter: SeriesFilter, atMs: number): Sql {
  const params = new SqlParams();
  const text = `INSERT INTO late_hours (tenant, service, hour, at)
SELECT tenant, service, bucket, fromUnixTimestamp64Milli(${params.bind('at_ms', 'Int64', atMs)}, 'UTC')
FROM rollup_state
WHERE ${notedConditions(filter, atMs, params)}`;
  return { text, params: params.values };
}

function notedConditions(filter: SeriesFilter, atMs: number, params: SqlParams): string {
  return allOf([
    "level = 'hour'",
    `tenant = ${params.bind('tenant', 'String', filter.tenant)}`,
    "service != ''",
    `version = ${params.bind('at', 'UInt64', atMs)}`,
  ]);
}

/** Marks anew what was marked since `sinceMs` in hours that the range touches, but for those noted as of `atMs`. */
export function repeatMarks(
  filter: SeriesFilter,
  { days }: DeletionRange,
  { sinceMs, atMs }: { readonly sinceMs: number; readonly atMs: number },
): Sql {
  const params = new SqlParams();
  const text = `INSERT INTO late_hours (tenant, service, hour)
SELECT DISTINCT tenant, service, hour
FROM late_hours
WHERE ${allOf([
    `tenant = ${params.bind('tenant', 'String', filter.tenant)}`,
    `hour >= ${dateTime('start', days.fromMs, params)}`,
    `hour < ${dateTime('end', days.toMs, params)}`,
    `at >= fromUnixTimestamp64Milli(${params.bind('since', 'Int64', sinceMs)}, 'UTC')`,
    // Later times stand for hours that cannot be folded, and stay.
    'at <= now64(3)',
    `(service, hour) NOT IN (SELECT service, bucket FROM rollup_state WHERE ${notedConditions(filter, atMs, params)})`,
  ])}`;
  return { text, params: params.values };
}

/** Fingerprints of series with profiles in the part of the edge hours that lies in the range. */
export function selectEdgeFingerprints(filter: SeriesFilter, { edgeHours }: DeletionRange): Sql {
  const params = new SqlParams();
  const hours = edgeHours.map((startMs, i) => dateTime(`edge${i}`, startMs, params));
  const text = `SELECT DISTINCT fp
FROM profiles
WHERE ${allOf([...profileConditions(filter, params), `toStartOfHour(ts) IN (${hours.join(', ')})`])}`;
  return { text, params: params.values };
}

/** Services of matching series. */
export function selectServices(filter: SeriesFilter): Sql {
  const params = new SqlParams();
  const text = `SELECT DISTINCT CAST(service AS String) AS service_name
FROM series
WHERE ${allOf(seriesConditions(filter, params))}`;
  return { text, params: params.values };
}

/** Inserts of rollups that began before `beforeMs` and still run. */
export function countFoldsSince(beforeMs: number, cluster: string | undefined): Sql {
  const params = new SqlParams();
  const processes =
    cluster === undefined ? 'system.processes' : `clusterAllReplicas(\`${cluster}\`, system.processes)`;
  const text = `SELECT toUInt32(count()) AS running
FROM ${processes}
WHERE query_kind = 'Insert' AND query LIKE '%INTO profiles_1%'
  AND toUnixTimestamp64Milli(now64(3)) - toInt64(elapsed * 1000) <= ${params.bind('before', 'Int64', beforeMs)}`;
  return { text, params: params.values };
}

/** The filter with a range of whole days. */
export function withDays(filter: SeriesFilter, { fromMs, toMs }: Interval): SeriesFilter {
  return { ...filter, fromMs, toMs: Math.max(toMs, fromMs + DAY_MS) };
}
