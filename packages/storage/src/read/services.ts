import { DAY_MS, HOUR_MS, MINUTE_MS } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { commonestKind, kindOfCode } from '../kinds.ts';
import { type NativeAnswer, rowsBy } from '../native/decode.ts';
import { allOf, type Sql, SqlParams } from '../sql.ts';
import type { RowPlan } from './plan/row-plan.ts';
import { type RowColumns, planSettings, selectRows, orderedSum, PROFILE_COUNT } from './plan/row-source.ts';
import { seriesConditions, type SeriesFilter } from './profile-filter.ts';
import { planWith, readRolledUp } from './plan/read-plan.ts';

/**
 * Returns every service with profiles in the range, by name, as `GET /api/v1/services` answers them: rates are those of
 * ADR 0003, versions come by first appearance, and series without the label `version` have none. Where hours are rolled
 * up, times of versions and of the last profile are those of the hour in ranges of more than a day, those of the day in
 * ranges of more than a week.
 */
export async function services(clickhouse: ClickHouse, filter: SeriesFilter) {
  const both = withPrevious(filter);
  const rateMs = rateBucketMs(filter);
  const rolledUp = rateMs === MINUTE_MS ? undefined : await readRolledUp(clickhouse, both);
  const cutMs = filter.fromMs;
  const totalsPlan = planWith(rolledUp, both, { cutMs });
  const ratesPlan = planWith(rolledUp, both, { cutMs, isFine: ({ widthMs }) => rateMs % widthMs === 0 });
  const preciseMs = filter.toMs - filter.fromMs > 7 * DAY_MS ? DAY_MS : HOUR_MS;
  const presencePlan = planWith(rolledUp, filter, { isFine: ({ widthMs }) => widthMs <= preciseMs });
  const [totals, rates, instances] = await Promise.all([
    clickhouse.select(selectServiceTotals(filter, totalsPlan), planSettings(totalsPlan)),
    clickhouse.select(selectServiceRates(filter, rateMs, ratesPlan), planSettings(ratesPlan)),
    clickhouse.select(selectServiceInstances(filter, presencePlan), planSettings(presencePlan)),
  ]);
  const typesByService = readTypes(totals, readRates(rates));
  const presence = readPresence(instances);
  return [...presence].map(([name, { versions, instanceNames, lastSeen }]) => ({
    name,
    types: typesByService.get(name) ?? [],
    versions: [...versions.values()].toSorted((a, b) => a.firstSeen - b.firstSeen),
    instances: instanceNames.size,
    lastSeen,
  }));
}

function withPrevious(filter: SeriesFilter): SeriesFilter {
  return { ...filter, fromMs: filter.fromMs - (filter.toMs - filter.fromMs) };
}

/** Rates are means over minutes, in ranges of more than a day over hours, of more than 60 days over days (ADR 0003). */
function rateBucketMs({ fromMs, toMs }: SeriesFilter): number {
  if (toMs - fromMs <= DAY_MS) return MINUTE_MS;
  return toMs - fromMs <= 60 * DAY_MS ? HOUR_MS : DAY_MS;
}

/** Unix ms of a row: of its profile, or of the start of its bucket. */
const ROW_TIME: RowColumns = {
  shared: [],
  raw: ['toUnixTimestamp64Milli(ts) AS row_ms'],
  rolledUp: ['toInt64(toUnixTimestamp(ts)) * 1000 AS row_ms'],
};

/** A row per service, type and half, for intervals: mean over buckets of time of the rates of all series added up. */
export function selectServiceRates(filter: SeriesFilter, bucketMs: number, plan: RowPlan): Sql {
  const params = new SqlParams();
  const middle = params.bind('middle', 'Int64', filter.fromMs);
  const width = params.bind('width', 'Int64', bucketMs);
  const columns = { ...ROW_TIME, shared: ['service', 'type', 'fp', 'total', 'duration_ms'] };
  return params.sql(`SELECT CAST(service AS String) AS service_name, CAST(type AS String) AS type_id, is_current,
  ${orderedSum('bucket_rate')} / count() AS rate
FROM (
  SELECT service, type, is_current, bucket, ${orderedSum('series_rate')} AS bucket_rate
  FROM (
    SELECT service, type, fp, row_ms >= ${middle} AS is_current, intDiv(row_ms, ${width}) AS bucket,
      toFloat64(sum(toInt128(total))) / if(sum(duration_ms) > 0, sum(duration_ms), ${width}) * 1000 AS series_rate
    FROM (
    ${selectRows({ plan, filter: withPrevious(filter) }, columns, params, ["kind = 'interval'"])}
    ) AS matching
    GROUP BY service, type, fp, is_current, bucket
  ) AS per_series
  GROUP BY service, type, is_current, bucket
) AS per_bucket
GROUP BY service_name, type_id, is_current`);
}

/** A row per service, type, kind and half: the range itself and the one before. */
export function selectServiceTotals(filter: SeriesFilter, plan: RowPlan): Sql {
  const params = new SqlParams();
  const middle = params.bind('middle', 'Int64', filter.fromMs);
  const columns: RowColumns = {
    shared: ['service', 'type', 'kind', 'fp', 'total'],
    raw: [...ROW_TIME.raw, ...PROFILE_COUNT.raw],
    rolledUp: [...ROW_TIME.rolledUp, ...PROFILE_COUNT.rolledUp],
  };
  return params.sql(`SELECT CAST(service AS String) AS service_name, CAST(type AS String) AS type_id, kind, is_current,
  if(kind = 'interval', toFloat64(sum(series_sum)), ${orderedSum('toFloat64(series_sum) / series_profiles')}) AS average,
  toUInt32(sum(series_profiles)) AS profiles, toUInt32(count()) AS series
FROM (
  SELECT service, type, kind, fp, row_ms >= ${middle} AS is_current,
    sum(toInt128(total)) AS series_sum, sum(row_profiles) AS series_profiles
  FROM (
  ${selectRows({ plan, filter: withPrevious(filter) }, columns, params)}
  ) AS matching
  GROUP BY service, type, kind, fp, is_current
) AS per_series
GROUP BY service_name, type_id, kind, is_current
ORDER BY service_name, type_id, kind, is_current`);
}

/** A row per service, version and instance with profiles in the range. */
export function selectServiceInstances(filter: SeriesFilter, plan: RowPlan): Sql {
  const params = new SqlParams();
  const columns = { ...ROW_TIME, shared: ['service', 'fp'] };
  return params.sql(`SELECT CAST(service AS String) AS service_name, version, instance,
  min(first_ms) AS first_seen, max(last_ms) AS last_seen
FROM (
  SELECT service, fp, min(row_ms) AS first_ms, max(row_ms) AS last_ms
  FROM (
  ${selectRows({ plan, filter }, columns, params)}
  ) AS matching
  GROUP BY service, fp
) AS seen
LEFT JOIN (
  SELECT fp, any(CAST(labels['version'] AS String)) AS version, any(CAST(labels['instance'] AS String)) AS instance
  FROM series
  WHERE ${allOf(seriesConditions(filter, params))}
  GROUP BY fp
) AS labelled USING (fp)
GROUP BY service_name, version, instance
ORDER BY service_name, version, instance`);
}

/** Rates by `rateKey`. */
function readRates(answer: NativeAnswer): ReadonlyMap<string, number> {
  const rows = answer.records({
    service_name: 'string',
    type_id: 'string',
    is_current: 'number',
    rate: 'number',
  });
  return new Map(rows.map((row) => [rateKey(row.service_name, row.type_id, row.is_current === 1), row.rate]));
}

function rateKey(service: string, typeId: string, isCurrent: boolean): string {
  return JSON.stringify([service, typeId, isCurrent]);
}

type TypeRow = ReturnType<typeof typeRows>[number];

function typeRows(answer: NativeAnswer) {
  return answer.records({
    service_name: 'string',
    type_id: 'string',
    kind: 'number',
    is_current: 'number',
    average: 'number',
    profiles: 'number',
    series: 'number',
  });
}

type ServiceType = NonNullable<ReturnType<typeof typeOf>>;

function readTypes(answer: NativeAnswer, rates: ReadonlyMap<string, number>): Map<string, ServiceType[]> {
  const rows = typeRows(answer);
  const keys = rows.map((row) => JSON.stringify([row.service_name, row.type_id]));
  const types = new Map<string, ServiceType[]>();
  for (const indexes of rowsBy(keys).values()) {
    const own = indexes.map((index) => rows[index] as TypeRow);
    const { service_name: service } = own[0] as TypeRow;
    const type = typeOf(own, rates);
    if (type !== undefined) types.set(service, [...(types.get(service) ?? []), type]);
  }
  return types;
}

/** One type of one service from its rows; undefined where only the range before has profiles. */
function typeOf(rows: readonly TypeRow[], rates: ReadonlyMap<string, number>) {
  const currentRows = rows.filter((row) => row.is_current === 1);
  const kind = commonestKind(
    Float64Array.from(currentRows, (row) => row.kind),
    Float64Array.from(currentRows, ({ profiles }) => profiles),
  );
  const current = currentRows.find((row) => kindOfCode(row.kind) === kind);
  if (kind === undefined || current === undefined) return undefined;
  const previous = rows.find((row) => row.is_current === 0 && kindOfCode(row.kind) === kind);
  const { service_name: service, type_id: id, average: total, profiles, series } = current;
  const previousTotal = previous?.average ?? null;
  return {
    id,
    kind,
    total,
    previousTotal,
    rate: rates.get(rateKey(service, id, true)) ?? total,
    previousRate: previousTotal === null ? null : (rates.get(rateKey(service, id, false)) ?? previousTotal),
    profiles,
    series,
  };
}

interface Presence {
  readonly versions: Map<string, { readonly version: string; firstSeen: number; lastSeen: number }>;
  readonly instanceNames: Set<string>;
  lastSeen: number;
}

function readPresence(answer: NativeAnswer): Map<string, Presence> {
  const presence = new Map<string, Presence>();
  const rows = answer.records({
    service_name: 'string',
    version: 'string',
    instance: 'string',
    first_seen: 'number',
    last_seen: 'number',
  });
  for (const { service_name: service, version, instance, first_seen: first, last_seen: last } of rows) {
    const entry = presence.get(service) ?? { versions: new Map(), instanceNames: new Set(), lastSeen: 0 };
    presence.set(service, entry);
    entry.lastSeen = Math.max(entry.lastSeen, last);
    if (instance !== '') entry.instanceNames.add(instance);
    if (version === '') continue;
    const known = entry.versions.get(version);
    entry.versions.set(version, {
      version,
      firstSeen: Math.min(known?.firstSeen ?? first, first),
      lastSeen: Math.max(known?.lastSeen ?? last, last),
    });
  }
  return presence;
}
