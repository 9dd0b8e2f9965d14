import type { Hash64 } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { allOf, dayText, idLiterals, type Sql, SqlParams } from '../sql.ts';
import type { Limited } from './discovery.ts';
import { PROFILE_READ_SETTINGS, profileConditions, type ProfileFilter } from './profile-filter.ts';

/**
 * One stored profile of one series; time, fingerprint and id together name it within its tenant and type. Its duration is
 * 0 where unknown, its total rounded to the nearest Float64 beyond 2^53 - 1.
 */
export type StoredProfile = Awaited<ReturnType<typeof listProfiles>>[number];

export interface LabelledProfile extends StoredProfile {
  /** Of its series. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The newest matching profiles, newest first. */
export async function listProfiles(clickhouse: ClickHouse, filter: ProfileFilter, limit: number) {
  const answer = await clickhouse.select(selectProfiles(filter, limit), PROFILE_READ_SETTINGS);
  const totals = answer.roundedNumbers('total').values;
  return answer
    .records({
      time_ms: 'number',
      fp: 'uint64',
      pid: 'uint64',
      service_name: 'string',
      duration_ms: 'number',
    })
    .map((profile, row) => ({
      timeMs: profile.time_ms,
      fingerprint: profile.fp,
      profileId: profile.pid,
      service: profile.service_name,
      durationMs: profile.duration_ms,
      total: totals[row] as number,
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
  return params.sql(`SELECT toUnixTimestamp64Milli(ts) AS time_ms, fp, pid, CAST(service AS String) AS service_name, duration_ms, total
FROM profiles FINAL
WHERE ${allOf(profileConditions(filter, params))}
ORDER BY ts DESC, fp, pid
LIMIT ${params.bind('limit', 'UInt32', limit)}`);
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
  return params.sql(`SELECT fp, CAST(mapKeys(labels) AS Array(String)) AS names, CAST(mapValues(labels) AS Array(String)) AS label_values
FROM series
WHERE ${allOf([
    `tenant = ${params.bind('tenant', 'String', filter.tenant)}`,
    `day >= ${params.bind('from_day', 'Date', dayText(Math.min(...times)))}`,
    `day <= ${params.bind('to_day', 'Date', dayText(Math.max(...times)))}`,
    `type = ${params.bind('type', 'String', filter.profileTypeId)}`,
    `service IN ${params.bind('services', 'Array(String)', [...new Set(profiles.map(({ service }) => service))])}`,
    `fp IN (${ids})`,
  ])}
LIMIT 1 BY fp`);
}

async function labelsOf(
  clickhouse: ClickHouse,
  filter: ProfileFilter,
  profiles: readonly StoredProfile[],
): Promise<Map<bigint, Record<string, string>>> {
  if (profiles.length === 0) return new Map();
  const answer = await clickhouse.select(selectLabelsOf(filter, profiles));
  const labels = answer.textMaps('names', 'label_values');
  return new Map(answer.records({ fp: 'uint64' }).map(({ fp }, row) => [keyOf(fp), labels[row] ?? {}]));
}

function keyOf({ lo, hi }: Hash64): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo);
}
