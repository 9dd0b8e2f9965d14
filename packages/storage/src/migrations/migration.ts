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
 * Settings of the tables of the first migrations. What they say of deduplication migration 6 takes back; an applied
 * migration must not change.
 */
export function tableSettings(options: MigrationOptions, settings: readonly string[]): string {
  const durability = options.embedded ? ['fsync_after_insert = 1', 'fsync_part_directory = 1'] : [];
  return ['non_replicated_deduplication_window = 10000', ...settings, ...durability].join(', ');
}
