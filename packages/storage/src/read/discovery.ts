import type { ProfileKind } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { commonestKind } from '../kinds.ts';
import { rowsBy } from '../native/decode.ts';
import { allOf, type Sql, SqlParams } from '../sql.ts';
import { isServiceMatcher, seriesConditions, type SeriesFilter } from './profile-filter.ts';

/*
 * What exists. `series` and `label_values` have a row per UTC day, so these answers cover the days that the range
 * touches, not its milliseconds.
 */

/** An answer that may have been cut at its limit. */
export interface Limited<T> {
  readonly items: T[];
  readonly truncated: boolean;
}

/** A series; its fingerprint is that of the label set. */
export type StoredSeries = Awaited<ReturnType<typeof resolveSeries>>['items'][number];

const DEFAULT_DISCOVERY_LIMIT = 10_000;

/** The profile types of matching series, by id. */
export async function profileTypes(clickhouse: ClickHouse, filter: SeriesFilter) {
  const answer = await clickhouse.select(selectProfileTypes(filter));
  const kinds = answer.numbers('kind');
  const counts = answer.numbers('series');
  return [...rowsBy(answer.strings('id'))].map(([id, rows]) => ({
    id,
    kind:
      commonestKind(
        Float64Array.from(rows, (row) => kinds[row] ?? 0),
        Float64Array.from(rows, (row) => counts[row] ?? 0),
      ) ?? 'interval',
  }));
}

export function selectProfileTypes(filter: SeriesFilter): Sql {
  const params = new SqlParams();
  return params.sql(`SELECT CAST(type AS String) AS id, kind, toUInt32(uniqExact(fp)) AS series
FROM series
WHERE ${allOf(seriesConditions(filter, params))}
GROUP BY id, kind
ORDER BY id, kind`);
}

/** The names of labels of matching series, sorted. */
export async function labelNames(clickhouse: ClickHouse, filter: SeriesFilter): Promise<string[]> {
  const answer = await clickhouse.select(selectLabelNames(filter));
  return [...answer.strings('name')];
}

export function selectLabelNames(filter: SeriesFilter): Sql {
  const params = new SqlParams();
  return params.sql(
    needsLabels(filter)
      ? `SELECT DISTINCT CAST(arrayJoin(mapKeys(labels)) AS String) AS name
FROM series
WHERE ${allOf(seriesConditions(filter, params))}
ORDER BY name`
      : `SELECT DISTINCT CAST(key AS String) AS name
FROM label_values
WHERE ${allOf(seriesConditions(filter, params))}
ORDER BY name`,
  );
}

/** The values of one label among matching series, sorted. */
export async function labelValues(
  clickhouse: ClickHouse,
  filter: SeriesFilter,
  name: string,
  limit = DEFAULT_DISCOVERY_LIMIT,
): Promise<Limited<string>> {
  const answer = await clickhouse.select(selectLabelValues(filter, name, limit));
  return limited([...answer.strings('value')], limit);
}

/** One row more than `limit`, so that a cut shows. */
export function selectLabelValues(filter: SeriesFilter, name: string, limit: number): Sql {
  const params = new SqlParams();
  const key = params.bind('label', 'String', name);
  const source = needsLabels(filter)
    ? `SELECT DISTINCT CAST(labels[${key}] AS String) AS value
FROM series
WHERE ${allOf([...seriesConditions(filter, params), `mapContains(labels, ${key})`])}`
    : `SELECT DISTINCT val AS value
FROM label_values
WHERE ${allOf([...seriesConditions(filter, params), `key = ${key}`])}`;
  return params.sql(`${source}
ORDER BY value
LIMIT ${params.bind('limit', 'UInt32', limit + 1)}`);
}

/** Matching series with their labels, by type, service and fingerprint. */
export async function resolveSeries(
  clickhouse: ClickHouse,
  filter: SeriesFilter,
  limit = DEFAULT_DISCOVERY_LIMIT,
) {
  const answer = await clickhouse.select(selectSeries(filter, limit));
  const labels = answer.textMaps('names', 'label_values');
  const found = answer.records({
    fp: 'uint64',
    type_id: 'string',
    kind_name: 'string',
    service_name: 'string',
  });
  const items = found.map((series, row) => ({
    fingerprint: series.fp,
    type: series.type_id,
    kind: series.kind_name as ProfileKind,
    service: series.service_name,
    labels: labels[row] as Record<string, string>,
  }));
  return limited(items, limit);
}

/** One row more than `limit`, so that a cut shows. */
export function selectSeries(filter: SeriesFilter, limit: number): Sql {
  const params = new SqlParams();
  return params.sql(`SELECT fp, CAST(type AS String) AS type_id, toString(kind) AS kind_name,
  CAST(service AS String) AS service_name, CAST(mapKeys(labels) AS Array(String)) AS names,
  CAST(mapValues(labels) AS Array(String)) AS label_values
FROM series
WHERE ${allOf(seriesConditions(filter, params))}
ORDER BY type, service, fp, day DESC
LIMIT 1 BY type, fp
LIMIT ${params.bind('limit', 'UInt32', limit + 1)}`);
}

/** `label_values` knows types and services; any other matcher needs the label sets. */
function needsLabels(filter: SeriesFilter): boolean {
  return (filter.tags?.length ?? 0) > 0 || !filter.matchers.every(isServiceMatcher);
}

function limited<T>(items: T[], limit: number): Limited<T> {
  return { items: items.slice(0, limit), truncated: items.length > limit };
}
