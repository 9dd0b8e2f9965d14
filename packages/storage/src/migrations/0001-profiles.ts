import { type Migration, type MigrationOptions, tableSettings } from './migration.ts';

/**
 * Profiles and what resolves them. Tenant comes first in every key; times are UTC.
 * Dictionary rows outlive the longest retention (400 days) because writers repeat them at least weekly.
 */
export const profilesMigration: Migration = {
  version: 1,
  name: 'profiles',
  statements: (options) => [
    profiles(options),
    profilesPerHour(options),
    stacks(options),
    frames(options),
    series(options),
    labelValues(options),
  ],
};

const KIND = "Enum8('interval' = 1, 'gauge' = 2, 'cumulative' = 3)";

// `ts` must stay out of the primary key: with it there, ClickHouse no longer prunes by the ten-minute bucket.
function profiles(options: MigrationOptions): string {
  return `
CREATE TABLE IF NOT EXISTS profiles (
  tenant LowCardinality(String),
  retention_days UInt16 DEFAULT 14,
  type LowCardinality(String),
  kind ${KIND},
  service LowCardinality(String),
  fp UInt64 CODEC(ZSTD(1)),
  ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  pid UInt64 CODEC(ZSTD(1)),
  duration_ms UInt32 CODEC(ZSTD(1)),
  period Int64 CODEC(ZSTD(1)),
  total Int64 CODEC(ZSTD(1)),
  stacks Array(UInt64) CODEC(ZSTD(3)) SETTINGS (min_compress_block_size = 1048576),
  vals Array(Int64) CODEC(GCD, ZSTD(1)),
  spans Array(UInt64) CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree
PARTITION BY (retention_days, toDate(ts))
ORDER BY (tenant, type, service, toStartOfTenMinutes(ts), fp, ts, pid)
PRIMARY KEY (tenant, type, service, toStartOfTenMinutes(ts), fp)
TTL toDateTime(ts) + toIntervalDay(retention_days)
SETTINGS ${tableSettings(options, ['index_granularity = 128', 'ttl_only_drop_parts = 1'])}`;
}

function profilesPerHour(options: MigrationOptions): string {
  return `
CREATE TABLE IF NOT EXISTS profiles_1h (
  tenant LowCardinality(String),
  retention_days UInt16,
  type LowCardinality(String),
  kind ${KIND},
  service LowCardinality(String),
  fp UInt64 CODEC(ZSTD(1)),
  ts DateTime('UTC') CODEC(Delta, ZSTD(1)),
  ver UInt64 CODEC(ZSTD(1)),
  profiles UInt32 CODEC(ZSTD(1)),
  duration_ms UInt64 CODEC(ZSTD(1)),
  total Int64 CODEC(ZSTD(1)),
  stacks Array(UInt64) CODEC(ZSTD(3)),
  vals Array(Int64) CODEC(GCD, ZSTD(1))
) ENGINE = ReplacingMergeTree(ver)
PARTITION BY (retention_days, toMonday(ts))
ORDER BY (tenant, type, service, toDate(ts), fp, ts, kind)
PRIMARY KEY (tenant, type, service, toDate(ts), fp)
TTL ts + toIntervalDay(retention_days)
SETTINGS ${tableSettings(options, ['index_granularity = 16', 'ttl_only_drop_parts = 1'])}`;
}

function stacks(options: MigrationOptions): string {
  return `
CREATE TABLE IF NOT EXISTS stacks (
  tenant LowCardinality(String),
  service LowCardinality(String),
  day Date,
  stack UInt64,
  frames Array(UInt64) CODEC(ZSTD(3))
) ENGINE = ReplacingMergeTree
PARTITION BY toMonday(day)
ORDER BY (tenant, service, stack)
TTL day + toIntervalDay(450)
SETTINGS ${tableSettings(options, ['index_granularity = 256', 'ttl_only_drop_parts = 1'])}`;
}

function frames(options: MigrationOptions): string {
  return `
CREATE TABLE IF NOT EXISTS frames (
  tenant LowCardinality(String),
  day Date,
  id UInt64,
  name String CODEC(ZSTD(1)),
  system_name String CODEC(ZSTD(1)),
  file LowCardinality(String),
  line UInt32 CODEC(ZSTD(1)),
  start_line UInt32 CODEC(ZSTD(1)),
  build_id LowCardinality(String),
  addr UInt64 CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree
PARTITION BY toStartOfMonth(day)
ORDER BY (tenant, id)
TTL day + toIntervalDay(450)
SETTINGS ${tableSettings(options, ['index_granularity = 1024', 'ttl_only_drop_parts = 1'])}`;
}

function series(options: MigrationOptions): string {
  return `
CREATE TABLE IF NOT EXISTS series (
  tenant LowCardinality(String),
  day Date,
  type LowCardinality(String),
  kind ${KIND},
  service LowCardinality(String),
  fp UInt64 CODEC(ZSTD(1)),
  labels Map(LowCardinality(String), LowCardinality(String)) CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree
PARTITION BY day
ORDER BY (tenant, day, type, service, fp)
TTL day + toIntervalDay(450)
SETTINGS ${tableSettings(options, ['ttl_only_drop_parts = 1'])}`;
}

function labelValues(options: MigrationOptions): string {
  return `
CREATE TABLE IF NOT EXISTS label_values (
  tenant LowCardinality(String),
  day Date,
  key LowCardinality(String),
  type LowCardinality(String),
  service LowCardinality(String),
  val String CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree
PARTITION BY day
ORDER BY (tenant, day, key, type, service, val)
TTL day + toIntervalDay(450)
SETTINGS ${tableSettings(options, ['ttl_only_drop_parts = 1'])}`;
}
