import type { Migration } from './migration.ts';

/**
 * Calls the log of late hours what it is. `level` and `bucket` of `rollup_state` keep their names: ClickHouse renames no
 * column of a sorting key.
 */
export const lateHoursMigration: Migration = {
  version: 8,
  name: 'late-hours',
  statements: () => ['RENAME TABLE IF EXISTS rollup_marks TO late_hours'],
};
