import type { Migration } from './migration.ts';

/**
 * Has ClickHouse take every insert: a token that outlives its part would have it drop rows that were never stored
 * (ADR 0012). In a cluster it is the window of the replicated tables that is closed.
 */
export const noDeduplicationMigration: Migration = {
  version: 6,
  name: 'no-deduplication',
  statements: () =>
    TABLES.map((table) => `ALTER TABLE ${table} MODIFY SETTING non_replicated_deduplication_window = 0`),
};

const TABLES = [
  'profiles',
  'profiles_1h',
  'profiles_1d',
  'stacks',
  'frames',
  'series',
  'label_values',
  'rollup_marks',
  'rollup_state',
  'rules',
  'alerts',
  'schema_migrations',
];
