import type { Hash64 } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { allOf, dayText, idLiterals, type Sql, SqlParams } from '../sql.ts';
import type { Limited } from './discovery.ts';
import { PROFILE_READ_SETTINGS, profileConditions, type ProfileFilter } from './profile-filter.ts';

/** One stored profile of one series; time, fingerprint and id together name it within its tenant and type. */
export interface StoredProfile {
  readonly timeMs: number;
  readonly fingerprint: Hash64;
  readonly profileId: Hash64;
  readonly service: string;
  /** 0 where unknown. */
  readonly durationMs: number;
  /** Rounded to the nearest Float64 beyond 2^53 - 1. */
  readonly total: number;
}

export interface LabelledProfile extends StoredProfile {
  /** Of its series. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The newest matching profiles, newest first. */
export async function listProfiles(
  clickhouse: ClickHouse,
  filter: ProfileFilter,
  limit: number,
): Promise<StoredProfile[]> {
  const answer = await clickhouse.select(selectProfiles(filter, limit), PROFILE_READ_SETTINGS);
  const times = answer.numbers('time_ms');
  const fingerprints = answer.uint64('fp');
  const profileIds = answer.uint64('pid');
  const services = answer.strings('service_name');
  const durations = answer.numbers('duration_ms');
  const totals = answer.roundedNumbers('total').values;
  return Array.from({ length: answer.rows }, (_, row) => ({
    timeMs: times[row] ?? 0,
    fingerprint: { lo: fingerprints.lo[row] ?? 0, hi: fingerprints.hi[row] ?? 0 },
    profileId: { lo: profileIds.lo[row] ?? 0, hi: profileIds.hi[row] ?? 0 },
    service: services[row] ?? '',
    durationMs: durations[row] ?? 0,
    total: totals[row] ?? 0,
  }));
}

/** The newest matching profiles with the labels of their series, newest first; for at most some thousand of them. */
export async function newestProfiles(
  clickhouse: ClickHouse,
  filter: ProfileFilter,
  limit: number,
): Promise<Limited<LabelledProfile>> {
  const found = await listProfiles(clickhouse, filter, limit + 1);
  const items = found.slice(0, limit);
  const labels = await labelsOf(clickhouse, filter, items);
  return {
    items: items.map((profile) => ({ ...profile, labels: labels.get(keyOf(profile.fingerprint)) ?? {} })),
    truncated: found.length > limit,
  };
}

export function selectProfiles(filter: ProfileFilter, limit: number): Sql {
  const params = new SqlParams();
  const text = `SELECT toUnixTimestamp64Milli(ts) AS time_ms, fp, pid, CAST(service AS String) AS service_name, duration_ms, total
FROM profiles FINAL
WHERE ${allOf(profileConditions(filter, params))}
ORDER BY ts DESC, fp, pid
LIMIT ${params.bind('limit', 'UInt32', limit)}`;
  return { text, params: params.values };
}

/** The label sets of the series that the profiles belong to, by fingerprint. */
export function selectLabelsOf(filter: ProfileFilter, profiles: readonly StoredProfile[]): Sql {
  const params = new SqlParams();
  const times = profiles.map(({ timeMs }) => timeMs);
  const distinct = [
    ...new Map(profiles.map(({ fingerprint }) => [keyOf(fingerprint), fingerprint])).values(),
  ];
  const ids = idLiterals(
    Uint32Array.from(distinct, ({ lo }) => lo),
    Uint32Array.from(distinct, ({ hi }) => hi),
  );
  const text = `SELECT fp, CAST(mapKeys(labels) AS Array(String)) AS names, CAST(mapValues(labels) AS Array(String)) AS label_values
FROM series
WHERE ${allOf([
    `tenant = ${params.bind('tenant', 'String', filter.tenant)}`,
    `day >= ${params.bind('from_day', 'Date', dayText(Math.min(...times)))}`,
    `day <= ${params.bind('to_day', 'Date', dayText(Math.max(...times)))}`,
    `type = ${params.bind('type', 'String', filter.profileTypeId)}`,
    `service IN ${params.bind('services', 'Array(String)', [...new Set(profiles.map(({ service }) => service))])}`,
    `fp IN (${ids})`,
  ])}
LIMIT 1 BY fp`;
  return { text, params: params.values };
}

async function labelsOf(
  clickhouse: ClickHouse,
  filter: ProfileFilter,
  profiles: readonly StoredProfile[],
): Promise<Map<bigint, Record<string, string>>> {
  if (profiles.length === 0) return new Map();
  const answer = await clickhouse.select(selectLabelsOf(filter, profiles));
  const { lo, hi } = answer.uint64('fp');
  const names = answer.stringArrays('names');
  const values = answer.stringArrays('label_values');
  return new Map(
    Array.from(lo, (_, row) => {
      const start = names.offsets[row] ?? 0;
      const labels = names.values
        .slice(start, names.offsets[row + 1])
        .map((name, i) => [name, values.values[start + i] ?? ''] as const);
      return [keyOf({ lo: lo[row] ?? 0, hi: hi[row] ?? 0 }), Object.fromEntries(labels)];
    }),
  );
}

function keyOf({ lo, hi }: Hash64): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo);
}
