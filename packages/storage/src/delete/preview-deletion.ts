import type { ClickHouse } from '../client.ts';
import { PROFILE_READ_SETTINGS, profileConditions, type SeriesFilter } from '../read/profile-filter.ts';
import { allOf, type Sql, SqlParams } from '../sql.ts';
import { deletionRange, type DeletionRange } from './deletion-range.ts';
import { bucketConditions, foldedConditions, type FoldedTable } from './deletion-statements.ts';

/** What a deletion would remove. */
export interface DeletionPreview {
  /** Profiles that are stored one by one. */
  readonly profiles: number;
  /** Pairs of a profile type and a label set. */
  readonly series: number;
  readonly services: number;
  /** The first few, by name. */
  readonly serviceNames: readonly string[];
  /** Rows of rollups: a series in an hour, a series in a day. */
  readonly hourRows: number;
  readonly dayRows: number;
  /** Distinct hours of the rollups. */
  readonly hours: number;
  /** About what the profiles and the hours take on disk. */
  readonly bytes: number;
  /** Time of the first profile, or start of the first hour; null where nothing would be removed. */
  readonly firstMs: number | null;
  /** Time of the last profile, or end of the last hour. */
  readonly lastMs: number | null;
  /**
   * Starts of hours at the ends of the range that stay, because of some of their series nothing but the whole hour is
   * left, of which the range holds a part.
   */
  readonly keptHours: readonly number[];
}

const EXAMPLES = 20;
const HOUR_MS = 3_600_000;
/** Measured, compressed: bench/README.md. */
const BYTES_PER_SAMPLE = 2.3;
const BYTES_PER_ROW = 60;

/** Reads what `deleteProfiles` would remove now. */
export async function previewDeletion(
  clickhouse: ClickHouse,
  filter: SeriesFilter,
): Promise<DeletionPreview> {
  const range = deletionRange(filter);
  const [profiles, hours, days, services, kept] = await Promise.all([
    clickhouse.select(selectRawSize(filter), PROFILE_READ_SETTINGS),
    clickhouse.select(selectFoldedSize('profiles_1h', filter, range)),
    clickhouse.select(selectFoldedSize('profiles_1d', filter, range)),
    clickhouse.select(selectAffected(filter, range)),
    keptHours(clickhouse, filter, range),
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
    hourRows: of(hours, 'row_count'),
    dayRows: of(days, 'row_count'),
    hours: of(hours, 'buckets'),
    bytes: Math.round(samples * BYTES_PER_SAMPLE + rows * BYTES_PER_ROW),
    firstMs: firsts.length === 0 ? null : Math.min(...firsts.map((answer) => of(answer, 'first_ms'))),
    lastMs: firsts.length === 0 ? null : Math.max(...firsts.map((answer) => of(answer, 'last_ms'))),
    keptHours: kept,
  };
}

export function selectRawSize(filter: SeriesFilter): Sql {
  const params = new SqlParams();
  const text = `SELECT toFloat64(count()) AS row_count, toFloat64(sum(length(stacks))) AS samples,
  toFloat64(toUnixTimestamp64Milli(min(ts))) AS first_ms, toFloat64(toUnixTimestamp64Milli(max(ts))) AS last_ms
FROM profiles FINAL
WHERE ${allOf(profileConditions(filter, params))}`;
  return { text, params: params.values };
}

export function selectFoldedSize(table: FoldedTable, filter: SeriesFilter, range: DeletionRange): Sql {
  const params = new SqlParams();
  const interval = table === 'profiles_1h' ? range.hours : range.wholeDays;
  const text = `SELECT toFloat64(count()) AS row_count, toFloat64(sum(length(stacks))) AS samples,
  toFloat64(uniqExact(ts)) AS buckets, toFloat64(toUnixTimestamp(min(ts))) * 1000 AS first_ms,
  toFloat64(toUnixTimestamp(max(ts))) * 1000 + ${HOUR_MS} AS last_ms
FROM ${table} FINAL
WHERE ${allOf(foldedConditions(filter, interval, params))}`;
  return { text, params: params.values };
}

/** Series and services that have something in the range. */
export function selectAffected(filter: SeriesFilter, range: DeletionRange): Sql {
  const params = new SqlParams();
  const text = `SELECT toFloat64(uniqExact(type, fp)) AS series, toFloat64(uniqExact(service)) AS services,
  arraySlice(arraySort(groupUniqArray(CAST(service AS String))), 1, ${EXAMPLES}) AS names
FROM (
  SELECT type, fp, service FROM profiles WHERE ${allOf(profileConditions(filter, params))}
  UNION ALL
  SELECT type, fp, service FROM profiles_1h WHERE ${allOf(foldedConditions(filter, range.hours, params))}
) AS affected`;
  return { text, params: params.values };
}

async function keptHours(
  clickhouse: ClickHouse,
  filter: SeriesFilter,
  range: DeletionRange,
): Promise<readonly number[]> {
  if (range.edgeHours.length === 0) return [];
  const answer = await clickhouse.select(selectKeptHours(filter, range));
  return Array.from(answer.numbers('start'), (seconds) => seconds * 1000);
}

/** Edge hours of series that have a row for the hour and no profiles in it. */
export function selectKeptHours(filter: SeriesFilter, { edgeHours }: DeletionRange): Sql {
  const params = new SqlParams();
  const edges = bucketConditions(filter, edgeHours, params);
  const wide = {
    ...filter,
    fromMs: Math.min(...edgeHours),
    toMs: Math.max(...edgeHours) + HOUR_MS,
  };
  const present = profileConditions(wide, params.scoped('present'));
  const text = `SELECT DISTINCT toUInt32(ts) AS start
FROM profiles_1h FINAL
WHERE ${allOf(edges)}
  AND (type, fp, ts) NOT IN (SELECT type, fp, toStartOfHour(ts) FROM profiles WHERE ${allOf(present)})
ORDER BY start`;
  return { text, params: params.values };
}
