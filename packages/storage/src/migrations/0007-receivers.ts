import { documents } from './0002-alerting.ts';
import type { Migration } from './migration.ts';

/** Receivers of alerts, as documents like those of rules and alerts. */
export const receiversMigration: Migration = {
  version: 7,
  name: 'receivers',
  statements: (options) => [
    documents('receivers', options),
    // What is repeated is stored again (ADR 0012).
    'ALTER TABLE receivers MODIFY SETTING non_replicated_deduplication_window = 0',
  ],
};
