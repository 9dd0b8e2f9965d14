import { type Hash64, hash64ToDecimal } from '@everflame/profile';
import type { ClickHouse } from '../../client.ts';
import { kindOfCode } from '../../kinds.ts';
import { allOf, type Sql, SqlParams } from '../../sql.ts';
import { type MergedStacks, totalOf } from '../merge/merged-stacks.ts';
import { PROFILE_READ_SETTINGS } from '../profile-filter.ts';

/** Names one stored profile; see `StoredProfile`. */
export interface ProfileKey {
  readonly tenant: string;
  readonly profileTypeId: string;
  /** Spares ClickHouse looking under every service. */
  readonly service?: string | undefined;
  readonly fingerprint: Hash64;
  readonly timeMs: number;
  readonly profileId: Hash64;
}

export interface SingleProfile extends MergedStacks {
  readonly service: string;
  /** 0 where unknown. */
  readonly durationMs: number;
}

/** The stacks of one profile; undefined where it does not exist (any more). */
export async function profileStacks(
  clickhouse: ClickHouse,
  key: ProfileKey,
): Promise<SingleProfile | undefined> {
  const answer = await clickhouse.select(selectProfileStacks(key), PROFILE_READ_SETTINGS);
  if (answer.rows === 0) return undefined;
  const kind = kindOfCode(answer.numbers('kind')[0]);
  const durationMs = answer.numbers('duration_ms')[0] ?? 0;
  const stacks = answer.uint64Arrays('stack_ids');
  // Ingest takes no value beyond 2^53 - 1.
  const { values } = answer.numberArrays('stack_values');
  return {
    kind,
    service: answer.strings('service_name')[0] ?? '',
    durationMs,
    stackIdLo: stacks.lo,
    stackIdHi: stacks.hi,
    values,
    isExact: true,
    profiles: 1,
    otherKindProfiles: 0,
    series: 1,
    instanceSeconds: kind === 'interval' ? durationMs / 1000 : 0,
    total: totalOf(values),
  };
}

export function selectProfileStacks(key: ProfileKey): Sql {
  const params = new SqlParams();
  const conditions = [
    `tenant = ${params.bind('tenant', 'String', key.tenant)}`,
    `type = ${params.bind('type', 'String', key.profileTypeId)}`,
    `ts = fromUnixTimestamp64Milli(${params.bind('time', 'Int64', key.timeMs)}, 'UTC')`,
    `fp = ${params.bind('fp', 'UInt64', hash64ToDecimal(key.fingerprint))}`,
    `pid = ${params.bind('pid', 'UInt64', hash64ToDecimal(key.profileId))}`,
  ];
  if (key.service !== undefined) {
    conditions.push(`service = ${params.bind('service', 'String', key.service)}`);
  }
  // Copies of a profile that are not merged yet are equal.
  return params.sql(`SELECT kind, CAST(service AS String) AS service_name, duration_ms, stacks AS stack_ids, vals AS stack_values
FROM profiles
WHERE ${allOf(conditions)}
LIMIT 1`);
}
