import type { Migration, MigrationOptions } from './migration.ts';

/**
 * Calls the change log of hours what it is, and lets processes agree on which of them does a job that one is enough for.
 * `level` and `bucket` of `rollup_state` keep their names: ClickHouse renames no column of a sorting key.
 */
export const housekeepingMigration: Migration = {
  version: 8,
  name: 'housekeeping',
  statements: (options) => [
    'RENAME TABLE IF EXISTS rollup_marks TO late_hours',
    leases(options),
    'ALTER TABLE leases MODIFY SETTING non_replicated_deduplication_window = 0',
  ],
};

/** Who does a job until when, by the clock of ClickHouse. The newest row of a job counts. */
function leases({ embedded }: MigrationOptions): string {
  const durability = embedded ? ', fsync_after_insert = 1, fsync_part_directory = 1' : '';
  return `
CREATE TABLE IF NOT EXISTS leases (
  job LowCardinality(String),
  holder String,
  until DateTime64(3, 'UTC'),
  taken_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(taken_at)
ORDER BY job
SETTINGS index_granularity = 1024${durability}`;
}
