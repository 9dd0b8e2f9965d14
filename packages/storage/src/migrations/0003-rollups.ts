import { createRollupTable } from '../rollup/resolutions.ts';
import { type Migration, type MigrationOptions, tableSettings } from './migration.ts';

/**
 * Rollups: the level of days, which hours and days are folded, and what arrived after that (ADR 0008).
 * Raw rows stay a day longer than their retention says, so that an hour that is folded again is still whole.
 */
export const rollupsMigration: Migration = {
  version: 3,
  name: 'rollups',
  statements: (options) => [
    'ALTER TABLE profiles ADD COLUMN IF NOT EXISTS rollup_days UInt16 DEFAULT 400 CODEC(ZSTD(1)) AFTER retention_days',
    // Parts that exist keep the time they were given; computing it anew would read all of them.
    `ALTER TABLE profiles MODIFY TTL toDateTime(ts) + toIntervalDay(retention_days + 1)
SETTINGS materialize_ttl_after_modify = 0`,
    createRollupTable('profiles_1d', options),
    marks(options),
    state(options),
  ],
};

/** Hours that profiles were sent to after they may have been folded; `at` is the clock of ClickHouse. */
function marks(options: MigrationOptions): string {
  return `
CREATE TABLE IF NOT EXISTS rollup_marks (
  tenant LowCardinality(String),
  service LowCardinality(String),
  hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
  at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') CODEC(Delta, ZSTD(1))
) ENGINE = ReplacingMergeTree(at)
PARTITION BY toStartOfMonth(hour)
ORDER BY (tenant, hour, service)
TTL toDateTime(at) + toIntervalDay(400)
SETTINGS ${tableSettings(options, ['index_granularity = 1024', 'ttl_only_drop_parts = 1'])}`;
}

/**
 * What is folded. Tenant and service are '' in the row of a whole bucket; a row with both says that this service was
 * folded again. The rows of a bucket hold every profile whose mark is not later than `version`, in Unix ms.
 */
function state(options: MigrationOptions): string {
  return `
CREATE TABLE IF NOT EXISTS rollup_state (
  level LowCardinality(String),
  bucket DateTime('UTC') CODEC(Delta, ZSTD(1)),
  tenant LowCardinality(String),
  service LowCardinality(String),
  version UInt64 CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toStartOfYear(bucket)
ORDER BY (level, tenant, bucket, service)
TTL bucket + toIntervalDay(450)
SETTINGS ${tableSettings(options, ['index_granularity = 1024', 'ttl_only_drop_parts = 1'])}`;
}
