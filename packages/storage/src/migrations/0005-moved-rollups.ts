import type { Migration } from './migration.ts';

/**
 * Notes the hours and days in which a series has rows in several classes of retention: elsewhere a read need not look for
 * rows that replace each other in different partitions.
 */
export const movedRollupsMigration: Migration = {
  version: 5,
  name: 'moved-rollups',
  statements: () => ['profiles_1h', 'profiles_1d'].map(noteMoved),
};

function noteMoved(table: string): string {
  return `INSERT INTO rollup_state (level, bucket, tenant, service, version)
SELECT DISTINCT 'moved', moved_ts, '', '', 0
FROM (
  SELECT ts AS moved_ts
  FROM ${table}
  WHERE (SELECT uniqExact(retention_days) FROM ${table}) > 1
  GROUP BY tenant, type, service, kind, fp, moved_ts
  HAVING uniqExact(retention_days) > 1
) AS moved
SETTINGS max_bytes_before_external_group_by = 1000000000`;
}
