import type { ProfileKind } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { commonestKind, kindOfCode } from '../kinds.ts';
import type { NativeAnswer } from '../native/decode.ts';
import { allOf, type Sql, SqlParams } from '../sql.ts';
import {
  PROFILE_READ_SETTINGS,
  profileConditions,
  seriesConditions,
  type SeriesFilter,
} from './profile-filter.ts';

export interface ServiceType {
  readonly id: string;
  readonly kind: ProfileKind;
  /** Interval: sum over the range. Others: mean per series, summed over series. */
  readonly total: number;
  /** The same for the range of equal length before; null where that has no profiles. */
  readonly previousTotal: number | null;
  /** Interval: value per second (ADR 0003), as the mean over the minutes that have profiles. Others: `total`. */
  readonly rate: number;
  readonly previousRate: number | null;
  readonly profiles: number;
  readonly series: number;
}

export interface ServiceVersion {
  readonly version: string;
  /** Times of the first and last profile within the range, Unix ms. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

export interface ServiceSummary {
  readonly name: string;
  readonly types: readonly ServiceType[];
  /** By first appearance; series without the label `version` have none. */
  readonly versions: readonly ServiceVersion[];
  /** Distinct values of the label `instance`. */
  readonly instances: number;
  /** Time of the newest profile in the range, Unix ms. */
  readonly lastSeen: number;
}

/** Every service with profiles in the range, by name. */
export async function services(clickhouse: ClickHouse, filter: SeriesFilter): Promise<ServiceSummary[]> {
  const [totals, rates, instances] = await Promise.all([
    clickhouse.select(selectServiceTotals(filter), PROFILE_READ_SETTINGS),
    clickhouse.select(selectServiceRates(filter), PROFILE_READ_SETTINGS),
    clickhouse.select(selectServiceInstances(filter), PROFILE_READ_SETTINGS),
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

/** A row per service, type and half, for intervals: mean over minutes of the rates of all series added up. */
export function selectServiceRates(filter: SeriesFilter): Sql {
  const params = new SqlParams();
  const conditions = allOf(profileConditions(withPrevious(filter), params));
  const middle = params.bind('middle', 'Int64', filter.fromMs);
  const text = `SELECT CAST(service AS String) AS service_name, CAST(type AS String) AS type_id, is_current,
  avg(minute_rate) AS rate
FROM (
  SELECT service, type, is_current, minute, sum(series_rate) AS minute_rate
  FROM (
    SELECT service, type, fp, ts >= fromUnixTimestamp64Milli(${middle}, 'UTC') AS is_current,
      toStartOfMinute(ts) AS minute,
      sum(toFloat64(total)) / if(sum(duration_ms) > 0, sum(duration_ms), 60000) * 1000 AS series_rate
    FROM profiles FINAL
    WHERE ${conditions} AND kind = 'interval'
    GROUP BY service, type, fp, is_current, minute
  ) AS per_series
  GROUP BY service, type, is_current, minute
) AS per_minute
GROUP BY service_name, type_id, is_current`;
  return { text, params: params.values };
}

/** A row per service, type, kind and half: the range itself and the one before. */
export function selectServiceTotals(filter: SeriesFilter): Sql {
  const params = new SqlParams();
  const conditions = allOf(profileConditions(withPrevious(filter), params));
  const middle = params.bind('middle', 'Int64', filter.fromMs);
  const text = `SELECT CAST(service AS String) AS service_name, CAST(type AS String) AS type_id, kind, is_current,
  sum(if(kind = 'interval', series_sum, series_sum / series_profiles)) AS level,
  toUInt32(sum(series_profiles)) AS profiles, toUInt32(count()) AS series
FROM (
  SELECT service, type, kind, fp, ts >= fromUnixTimestamp64Milli(${middle}, 'UTC') AS is_current,
    sum(toFloat64(total)) AS series_sum, count() AS series_profiles
  FROM profiles FINAL
  WHERE ${conditions}
  GROUP BY service, type, kind, fp, is_current
) AS per_series
GROUP BY service_name, type_id, kind, is_current
ORDER BY service_name, type_id, kind, is_current`;
  return { text, params: params.values };
}

/** A row per service, version and instance with profiles in the range. */
export function selectServiceInstances(filter: SeriesFilter): Sql {
  const params = new SqlParams();
  const text = `SELECT CAST(service AS String) AS service_name, version, instance,
  min(first_ms) AS first_seen, max(last_ms) AS last_seen
FROM (
  SELECT service, fp, toUnixTimestamp64Milli(min(ts)) AS first_ms, toUnixTimestamp64Milli(max(ts)) AS last_ms
  FROM profiles
  WHERE ${allOf(profileConditions(filter, params))}
  GROUP BY service, fp
) AS seen
LEFT JOIN (
  SELECT fp, any(CAST(labels['version'] AS String)) AS version, any(CAST(labels['instance'] AS String)) AS instance
  FROM series
  WHERE ${allOf(seriesConditions(filter, params))}
  GROUP BY fp
) AS labelled USING (fp)
GROUP BY service_name, version, instance
ORDER BY service_name, version, instance`;
  return { text, params: params.values };
}

/** Rates by `rateKey`. */
function readRates(answer: NativeAnswer): ReadonlyMap<string, number> {
  const typeIds = answer.strings('type_id');
  const isCurrent = answer.numbers('is_current');
  const rates = answer.numbers('rate');
  const entries = answer
    .strings('service_name')
    .map((service, row) => [rateKey(service, typeIds[row], isCurrent[row] === 1), rates[row] ?? 0] as const);
  return new Map(entries);
}

function rateKey(service: string | undefined, typeId: string | undefined, isCurrent: boolean): string {
  return JSON.stringify([service, typeId, isCurrent]);
}

function readTypes(answer: NativeAnswer, rates: ReadonlyMap<string, number>): Map<string, ServiceType[]> {
  const serviceNames = answer.strings('service_name');
  const typeIds = answer.strings('type_id');
  const rowsByKey = new Map<string, number[]>();
  serviceNames.forEach((service, row) => {
    const key = JSON.stringify([service, typeIds[row]]);
    rowsByKey.set(key, [...(rowsByKey.get(key) ?? []), row]);
  });
  const types = new Map<string, ServiceType[]>();
  for (const rows of rowsByKey.values()) {
    const type = readType(answer, rows, rates);
    const service = serviceNames[rows[0] ?? 0] ?? '';
    if (type !== undefined) types.set(service, [...(types.get(service) ?? []), type]);
  }
  return types;
}

/** One type of one service from its rows; undefined where only the range before has profiles. */
function readType(
  answer: NativeAnswer,
  rows: readonly number[],
  rates: ReadonlyMap<string, number>,
): ServiceType | undefined {
  const kinds = answer.numbers('kind');
  const profiles = answer.numbers('profiles');
  const isCurrent = answer.numbers('is_current');
  const levels = answer.numbers('level');
  const currentRows = rows.filter((row) => isCurrent[row] === 1);
  const kind = commonestKind(
    Float64Array.from(currentRows, (row) => kinds[row] ?? 0),
    Float64Array.from(currentRows, (row) => profiles[row] ?? 0),
  );
  const current = currentRows.find((row) => kindOfCode(kinds[row]) === kind);
  if (kind === undefined || current === undefined) return undefined;
  const previous = rows.find((row) => isCurrent[row] === 0 && kindOfCode(kinds[row]) === kind);
  const service = answer.strings('service_name')[current];
  const id = answer.strings('type_id')[current] ?? '';
  const total = levels[current] ?? 0;
  const previousTotal = previous === undefined ? null : (levels[previous] ?? 0);
  return {
    id,
    kind,
    total,
    previousTotal,
    rate: rates.get(rateKey(service, id, true)) ?? total,
    previousRate: previousTotal === null ? null : (rates.get(rateKey(service, id, false)) ?? previousTotal),
    profiles: profiles[current] ?? 0,
    series: answer.numbers('series')[current] ?? 0,
  };
}

interface Presence {
  readonly versions: Map<string, ServiceVersion>;
  readonly instanceNames: Set<string>;
  lastSeen: number;
}

function readPresence(answer: NativeAnswer): Map<string, Presence> {
  const versions = answer.strings('version');
  const instances = answer.strings('instance');
  const firstSeen = answer.numbers('first_seen');
  const lastSeen = answer.numbers('last_seen');
  const presence = new Map<string, Presence>();
  answer.strings('service_name').forEach((service, row) => {
    const entry = presence.get(service) ?? { versions: new Map(), instanceNames: new Set(), lastSeen: 0 };
    presence.set(service, entry);
    const first = firstSeen[row] ?? 0;
    const last = lastSeen[row] ?? 0;
    entry.lastSeen = Math.max(entry.lastSeen, last);
    const instance = instances[row] ?? '';
    if (instance !== '') entry.instanceNames.add(instance);
    const version = versions[row] ?? '';
    if (version === '') return;
    const known = entry.versions.get(version);
    entry.versions.set(version, {
      version,
      firstSeen: Math.min(known?.firstSeen ?? first, first),
      lastSeen: Math.max(known?.lastSeen ?? last, last),
    });
  });
  return presence;
}
