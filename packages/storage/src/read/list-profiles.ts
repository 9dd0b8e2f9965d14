import type { Hash64 } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { allOf, type Sql, SqlParams } from '../sql.ts';
import { PROFILE_READ_SETTINGS, profileConditions, type ProfileFilter } from './profile-filter.ts';

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

export function selectProfiles(filter: ProfileFilter, limit: number): Sql {
  const params = new SqlParams();
  const text = `SELECT toUnixTimestamp64Milli(ts) AS time_ms, fp, pid, CAST(service AS String) AS service_name, duration_ms, total
FROM profiles FINAL
WHERE ${allOf(profileConditions(filter, params))}
ORDER BY ts DESC, pid
LIMIT ${params.bind('limit', 'UInt32', limit)}`;
  return { text, params: params.values };
}
