/** Where the tables live; the embedded engine has no replicas, so it flushes every insert to disk. */
export interface MigrationOptions {
  readonly embedded: boolean;
}

/** One numbered step. Every statement must be idempotent, because several processes may run it at once. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  statements(options: MigrationOptions): readonly string[];
}

/**
 * Settings of every table that batches are inserted into. The window lets an insert that is repeated with its
 * token be dropped (ClickHouse's own default is 0, off, for tables without replicas).
 */
export function tableSettings(options: MigrationOptions, settings: readonly string[]): string {
  const durability = options.embedded ? ['fsync_after_insert = 1', 'fsync_part_directory = 1'] : [];
  return ['non_replicated_deduplication_window = 10000', ...settings, ...durability].join(', ');
}
