import { createHash } from 'node:crypto';
import { ClickHouseError } from '@clickhouse/client';
import { DomainError } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { StringColumn, DateTime64Column, UInt32Column } from '../native/columns.ts';
import { profilesMigration } from './0001-profiles.ts';
import { alertingMigration } from './0002-alerting.ts';
import { rollupsMigration } from './0003-rollups.ts';
import { stackBlocksMigration } from './0004-stack-blocks.ts';
import { movedRollupsMigration } from './0005-moved-rollups.ts';
import { noDeduplicationMigration } from './0006-no-deduplication.ts';
import { receiversMigration } from './0007-receivers.ts';
import { lateHoursMigration } from './0008-late-hours.ts';
import { renderStatement } from './cluster.ts';
import type { Migration, MigrationOptions } from './migration.ts';

export const MIGRATIONS: readonly Migration[] = [
  profilesMigration,
  alertingMigration,
  rollupsMigration,
  stackBlocksMigration,
  movedRollupsMigration,
  noDeduplicationMigration,
  receiversMigration,
  lateHoursMigration,
];

/** ClickHouse's code for a table that cannot be made, or renamed to, because it is there. */
const TABLE_EXISTS = '57';

export const SCHEMA_MIGRATIONS = `
CREATE TABLE IF NOT EXISTS schema_migrations (
  version UInt32,
  name String,
  checksum String,
  applied_at DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(applied_at)
ORDER BY version`;

/**
 * Creates the database and brings its tables to the newest version.
 *
 * Several processes may run it at once: ClickHouse has neither transactions nor locks to serialise them with, so
 * every statement is idempotent, and so is recording that it ran.
 * Throws `schema_too_new` when a newer program has been here, `schema_mismatch` when an applied migration was changed.
 */
export async function migrate(
  clickhouse: ClickHouse,
  options: MigrationOptions,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  await clickhouse.createDatabase();
  await run(clickhouse, SCHEMA_MIGRATIONS);
  const applied = await appliedMigrations(clickhouse);
  checkApplied(applied, migrations);
  for (const migration of migrations) {
    if (applied.has(migration.version)) continue;
    try {
      for (const text of migration.statements(options)) await run(clickhouse, text);
      await record(clickhouse, migration);
    } catch (error) {
      // A process that is further may have renamed a table that a statement of this one names.
      if (!(await appliedMigrations(clickhouse)).has(migration.version)) throw error;
    }
  }
}

async function run(clickhouse: ClickHouse, statement: string): Promise<void> {
  for (const text of renderStatement(statement, clickhouse.cluster)) {
    try {
      await clickhouse.command({ text, params: {} });
    } catch (error) {
      // The table has its new name, and a process that was overtaken has made the old one anew: nothing is in it.
      const isRenamed = error instanceof ClickHouseError && error.code === TABLE_EXISTS;
      if (!isRenamed || !text.startsWith('RENAME ')) throw error;
    }
  }
}

/** Identifies the statements of a migration, whatever their layout and wherever they run. */
export function migrationChecksum(migration: Migration): string {
  const text = migration
    .statements({ embedded: false })
    .map((statement) => statement.replace(/\s+/g, ' ').trim())
    .join(';');
  return createHash('sha256').update(text).digest('hex');
}

async function appliedMigrations(clickhouse: ClickHouse): Promise<Map<number, string>> {
  const answer = await clickhouse.select({
    text: 'SELECT version, checksum FROM schema_migrations FINAL ORDER BY version',
    params: {},
  });
  const versions = answer.numbers('version');
  const checksums = answer.strings('checksum');
  return new Map(Array.from(versions, (version, i) => [version, checksums[i] ?? '']));
}

function checkApplied(applied: ReadonlyMap<number, string>, migrations: readonly Migration[]): void {
  const newest = Math.max(0, ...migrations.map((migration) => migration.version));
  const found = Math.max(0, ...applied.keys());
  if (found > newest) {
    throw new DomainError(
      'conflict',
      'schema_too_new',
      `The database has schema version ${found}; this program knows versions up to ${newest}.`,
      { hint: 'Start the newer program again, or restore the backup made before the upgrade.' },
    );
  }
  for (const migration of migrations) {
    const checksum = applied.get(migration.version);
    if (checksum === undefined || checksum === migrationChecksum(migration)) continue;
    throw new DomainError(
      'conflict',
      'schema_mismatch',
      `Migration ${migration.version} (${migration.name}) differs from the one that was applied.`,
      { hint: 'An applied migration must never change; add a new one.' },
    );
  }
}

async function record(clickhouse: ClickHouse, migration: Migration): Promise<void> {
  const columns = {
    version: new UInt32Column(),
    name: new StringColumn(),
    checksum: new StringColumn(),
    applied_at: new DateTime64Column(),
  };
  columns.version.push(migration.version);
  columns.name.push(migration.name);
  columns.checksum.push(migrationChecksum(migration));
  columns.applied_at.push(Date.now());
  await clickhouse.insertColumns('schema_migrations', columns);
}
