import type { Migration, MigrationOptions } from './migration.ts';

/** Rules and alerts as versioned JSON documents; the highest version of an id wins. */
export const alertingMigration: Migration = {
  version: 2,
  name: 'alerting',
  statements: (options) => [documents('rules', options), documents('alerts', options)],
};

/** A table of JSON documents. */
export function documents(table: 'rules' | 'alerts' | 'receivers', options: MigrationOptions): string {
  const settings = options.embedded ? '\nSETTINGS fsync_after_insert = 1, fsync_part_directory = 1' : '';
  return `
CREATE TABLE IF NOT EXISTS ${table} (
  tenant LowCardinality(String),
  id String,
  version UInt64,
  deleted UInt8,
  body String CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, id)${settings}`;
}
