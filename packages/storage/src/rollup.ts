import { InvalidArgumentError } from '@everflame/profile';
import type { ClickHouse } from './client.ts';
import { type Sql, SqlParams } from './sql.ts';

const MS_PER_HOUR = 3_600_000;

export interface HourRollup {
  /** Start of a closed UTC hour, Unix ms. */
  readonly hourMs: number;
  /** Rises with every run; the highest wins, so a later run repairs an earlier one. The time of the run will do. */
  readonly version: number;
  /** How long the folded rows are kept. */
  readonly retentionDays: number;
}

/** Folds the profiles of one hour into one row per tenant, type, kind and series. It can be run again at any time. */
export async function rollupHour(clickhouse: ClickHouse, rollup: HourRollup): Promise<void> {
  if (!Number.isSafeInteger(rollup.hourMs) || rollup.hourMs % MS_PER_HOUR !== 0) {
    throw new InvalidArgumentError(`${rollup.hourMs} is not the start of an hour.`);
  }
  await clickhouse.command(insertHourRollup(rollup));
}

export function insertHourRollup(rollup: HourRollup): Sql {
  const params = new SqlParams();
  const from = params.bind('from', 'Int64', rollup.hourMs);
  const to = params.bind('to', 'Int64', rollup.hourMs + MS_PER_HOUR);
  const text = `INSERT INTO profiles_1h
  (tenant, retention_days, type, kind, service, fp, ts, ver, profiles, duration_ms, total, stacks, vals)
SELECT tenant, ${params.bind('retention_days', 'UInt16', rollup.retentionDays)}, type, kind, service, fp,
  toStartOfHour(ts) AS hour, ${params.bind('version', 'UInt64', rollup.version)}, count(), sum(duration_ms), sum(total),
  (sumMap(stacks, vals) AS merged).1, merged.2
FROM profiles FINAL
WHERE ts >= fromUnixTimestamp64Milli(${from}, 'UTC') AND ts < fromUnixTimestamp64Milli(${to}, 'UTC')
GROUP BY tenant, type, kind, service, fp, hour`;
  return { text, params: params.values };
}
