import { DAY_MS, HOUR_MS } from '@everflame/profile';
import { type MigrationOptions, tableSettings } from '../migrations/migration.ts';

/** A width of rollups: a row of its table stands for all profiles of a series in one bucket of that width. */
export interface Resolution {
  /** As it is stored in `rollup_state`, and told by metrics. */
  readonly name: string;
  readonly table: string;
  /** A multiple of that of the next finer one; buckets begin at multiples of it since 1970. */
  readonly widthMs: number;
  /** SQL of the start of the bucket that a time lies in. */
  readonly startOf: (time: string) => string;
}

/**
 * The finest first: it is made of raw profiles, each other one of the one before. What is read, rolled up and deleted
 * follows from this table. For a further one add it here, and a migration with `createRollupTable`.
 */
export const RESOLUTIONS: readonly Resolution[] = [
  { name: 'hour', table: 'profiles_1h', widthMs: HOUR_MS, startOf: (time) => `toStartOfHour(${time})` },
  { name: 'day', table: 'profiles_1d', widthMs: DAY_MS, startOf: (time) => `toStartOfDay(${time})` },
];

/** The one that others are made of. */
export function finest(): Resolution {
  return RESOLUTIONS[0] as Resolution;
}

/** The coarsest one that `isFine` accepts; undefined where only raw profiles will do. */
export function coarsestWhere(isFine: (resolution: Resolution) => boolean): Resolution | undefined {
  return RESOLUTIONS.findLast(isFine);
}

/** The next finer one; undefined for the finest, which is made of raw profiles. */
export function finerThan(resolution: Resolution): Resolution | undefined {
  return RESOLUTIONS[RESOLUTIONS.indexOf(resolution) - 1];
}

/** Start of the bucket that the time lies in. */
export function floorTo({ widthMs }: Resolution, timeMs: number): number {
  return timeMs - (timeMs % widthMs);
}

/** SQL of a row's bucket as `ts` is compared with it: `param` is in Unix ms. Raw profiles where there is no resolution. */
export function timeText(resolution: Resolution | undefined, param: string): string {
  return resolution === undefined
    ? `fromUnixTimestamp64Milli(${param}, 'UTC')`
    : `toDateTime(intDiv(${param}, 1000), 'UTC')`;
}

/** A statement of a migration that makes the table of a resolution coarser than an hour. An applied one must not change. */
export function createRollupTable(table: string, options: MigrationOptions): string {
  // The bucket in the key prunes only because `ts` itself is not in the primary key.
  return `
CREATE TABLE IF NOT EXISTS ${table} (
  tenant LowCardinality(String),
  retention_days UInt16,
  type LowCardinality(String),
  kind Enum8('interval' = 1, 'gauge' = 2, 'cumulative' = 3),
  service LowCardinality(String),
  fp UInt64 CODEC(ZSTD(1)),
  ts DateTime('UTC') CODEC(Delta, ZSTD(1)),
  ver UInt64 CODEC(ZSTD(1)),
  profiles UInt32 CODEC(ZSTD(1)),
  duration_ms UInt64 CODEC(ZSTD(1)),
  total Int64 CODEC(ZSTD(1)),
  stacks Array(UInt64) CODEC(ZSTD(3)) SETTINGS (min_compress_block_size = 1048576),
  vals Array(Int64) CODEC(GCD, ZSTD(1))
) ENGINE = ReplacingMergeTree(ver)
PARTITION BY (retention_days, toStartOfMonth(ts))
ORDER BY (tenant, type, service, toMonday(ts), fp, ts, kind)
PRIMARY KEY (tenant, type, service, toMonday(ts), fp)
TTL ts + toIntervalDay(retention_days + 1)
SETTINGS ${tableSettings(options, ['index_granularity = 8', 'ttl_only_drop_parts = 1'])}`;
}
