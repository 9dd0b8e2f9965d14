import type { ClickHouse } from '../client.ts';
import { finest, type Resolution, RESOLUTIONS } from '../rollup/resolutions.ts';
import { PROFILE_READ_SETTINGS, profileConditions, type SeriesFilter } from '../read/profile-filter.ts';
import { allOf, type Sql, SqlParams } from '../sql.ts';
import { bucketRange, type BucketRange } from './deletion-range.ts';
import { bucketConditions, rollupConditions } from './deletion-statements.ts';

const EXAMPLES = 20;
/** Measured, compressed: bench/README.md. */
const BYTES_PER_SAMPLE = 2.3;
const BYTES_PER_ROW = 60;

/**
 * Reads what `deleteProfiles` would remove now: what is stored one by one, and rows of rollups by the name of their
 * resolution. Hours and bytes are those of the finest one.
 */
export async function previewDeletion(clickhouse: ClickHouse, filter: SeriesFilter) {
  const range = bucketRange(filter, finest().widthMs);
  const [profiles, services, kept, hours, ...coarser] = await Promise.all([
    clickhouse.select(selectRawSize(filter), PROFILE_READ_SETTINGS),
    clickhouse.select(selectAffected(filter, range)),
    keptHours(clickhouse, filter, range),
    clickhouse.select(selectRollupSize(finest(), filter)),
    ...RESOLUTIONS.slice(1).map((resolution) => clickhouse.select(selectRollupSize(resolution, filter))),
  ]);
  const of = (answer: typeof profiles, name: string): number => answer.numbers(name)[0] ?? 0;
  const rows = of(profiles, 'row_count') + of(hours, 'row_count');
  const samples = of(profiles, 'samples') + of(hours, 'samples');
  const firsts = [profiles, hours].filter((answer) => of(answer, 'row_count') > 0);
  return {
    profiles: of(profiles, 'row_count'),
    series: of(services, 'series'),
    services: of(services, 'services'),
    serviceNames: services.stringArrays('names').values,
    rollupRows: new Map(
      [hours, ...coarser].map((answer, i) => [RESOLUTIONS[i]?.name ?? '', of(answer, 'row_count')]),
    ),
    hours: of(hours, 'buckets'),
    bytes: Math.round(samples * BYTES_PER_SAMPLE + rows * BYTES_PER_ROW),
    firstMs: firsts.length === 0 ? null : Math.min(...firsts.map((answer) => of(answer, 'first_ms'))),
    lastMs: firsts.length === 0 ? null : Math.max(...firsts.map((answer) => of(answer, 'last_ms'))),
    keptHours: kept,
  };
}

export function selectRawSize(filter: SeriesFilter): Sql {
  const params = new SqlParams();
  return params.sql(`SELECT toFloat64(count()) AS row_count, toFloat64(sum(length(stacks))) AS samples,
  toFloat64(toUnixTimestamp64Milli(min(ts))) AS first_ms, toFloat64(toUnixTimestamp64Milli(max(ts))) AS last_ms
FROM profiles FINAL
WHERE ${allOf(profileConditions(filter, params))}`);
}

export function selectRollupSize({ table, widthMs }: Resolution, filter: SeriesFilter): Sql {
  const params = new SqlParams();
  const { whole } = bucketRange(filter, widthMs);
  return params.sql(`SELECT toFloat64(count()) AS row_count, toFloat64(sum(length(stacks))) AS samples,
  toFloat64(uniqExact(ts)) AS buckets, toFloat64(toUnixTimestamp(min(ts))) * 1000 AS first_ms,
  toFloat64(toUnixTimestamp(max(ts))) * 1000 + ${widthMs} AS last_ms
FROM ${table} FINAL
WHERE ${allOf(rollupConditions(filter, whole, params))}`);
}

/** Series and services that have something in the range. */
export function selectAffected(filter: SeriesFilter, range: BucketRange): Sql {
  const params = new SqlParams();
  return params.sql(`SELECT toFloat64(uniqExact(type, fp)) AS series, toFloat64(uniqExact(service)) AS services,
  arraySlice(arraySort(groupUniqArray(CAST(service AS String))), 1, ${EXAMPLES}) AS names
FROM (
  SELECT type, fp, service FROM profiles WHERE ${allOf(profileConditions(filter, params))}
  UNION ALL
  SELECT type, fp, service FROM ${finest().table} WHERE ${allOf(rollupConditions(filter, range.whole, params))}
) AS affected`);
}

async function keptHours(
  clickhouse: ClickHouse,
  filter: SeriesFilter,
  range: BucketRange,
): Promise<readonly number[]> {
  if (range.edges.length === 0) return [];
  const answer = await clickhouse.select(selectKeptHours(filter, range));
  return Array.from(answer.numbers('start'), (seconds) => seconds * 1000);
}

/**
 * Edge hours of series that have a row for the hour and no profiles in it. They stay: their profiles have expired, so that
 * a row for the whole hour is all there is, and only a part of the hour is to be deleted.
 */
export function selectKeptHours(filter: SeriesFilter, { edges: starts }: BucketRange): Sql {
  const { table, widthMs, startOf } = finest();
  const params = new SqlParams();
  const edges = bucketConditions(filter, starts, params);
  const wide = {
    ...filter,
    fromMs: Math.min(...starts),
    toMs: Math.max(...starts) + widthMs,
  };
  const present = profileConditions(wide, params.scoped('present'));
  return params.sql(`SELECT DISTINCT toUInt32(ts) AS start
FROM ${table} FINAL
WHERE ${allOf(edges)}
  AND (type, fp, ts) NOT IN (SELECT type, fp, ${startOf('ts')} FROM profiles WHERE ${allOf(present)})
ORDER BY start`);
}
