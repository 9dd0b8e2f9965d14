import { RESOLUTIONS } from '../rollup/resolutions.ts';

/**
 * The column or expression that says on which shard a row lies. It is made of columns of the sorting key, so that rows
 * that replace each other meet on one shard; profiles, their rollups and their series lie together by fingerprint.
 */
export const SHARD_KEYS: Readonly<Record<string, string>> = {
  profiles: 'fp',
  ...Object.fromEntries(RESOLUTIONS.map(({ table }) => [table, 'fp'])),
  series: 'fp',
  label_values: 'cityHash64(tenant, service)',
  stacks: 'cityHash64(tenant, service)',
  frames: 'id',
  rules: 'cityHash64(tenant, id)',
  alerts: 'cityHash64(tenant, id)',
  rollup_marks: 'cityHash64(tenant, service)',
  late_hours: 'cityHash64(tenant, service)',
  rollup_state: 'cityHash64(level, bucket)',
  schema_migrations: 'version',
};

const CREATE = /^CREATE TABLE IF NOT EXISTS (\w+) \(/;
const ENGINE = /\n\) ENGINE = (Replacing)?MergeTree(?:\((\w+)\))?\n/;
const RENAME = /^RENAME TABLE IF EXISTS (\w+) TO (\w+)$/;
const ALTER = /^ALTER TABLE (\w+) ([^]+)$/;
const REPLICA = `'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'`;

/** The table that holds the rows of `table`: in a cluster `table` itself only passes statements on to it. */
export function localTable(table: string, cluster: string | undefined): string {
  return cluster === undefined ? table : `${table}_local`;
}

/** `ON CLUSTER …`, to be put behind the name of a table in a statement that changes it; '' without a cluster. */
export function onCluster(cluster: string | undefined): string {
  return cluster === undefined ? '' : ` ON CLUSTER \`${cluster}\``;
}

/**
 * What a statement of a migration becomes: itself, or with a cluster replicated tables under names that end in
 * `_local` on every node and distributed tables over them under the names that all else knows.
 */
export function renderStatement(text: string, cluster: string | undefined): readonly string[] {
  if (cluster === undefined) return [text];
  const statement = text.trim();
  const [, created] = CREATE.exec(statement) ?? [];
  if (created !== undefined) return renderCreate(statement, created, cluster);
  const [, from, to] = RENAME.exec(statement) ?? [];
  if (from !== undefined && to !== undefined) return renderRename(from, to, cluster);
  // Goes through the distributed tables.
  if (statement.startsWith('INSERT INTO ')) return [statement];
  return renderAlter(statement, cluster);
}

function renderAlter(statement: string, cluster: string): readonly string[] {
  const [, table, change] = ALTER.exec(statement) ?? [];
  if (table === undefined || change === undefined) {
    throw new Error(`A migration has a statement that a cluster cannot run: ${statement.slice(0, 60)}`);
  }
  const replicatedChange = change.replace(
    'SETTING non_replicated_deduplication_window',
    'SETTING replicated_deduplication_window',
  );
  const local = `ALTER TABLE ${table}_local${onCluster(cluster)} ${replicatedChange}`;
  // Only columns concern the distributed table, and not how they are stored; the order lets it never name one that is
  // not there yet.
  return /^(ADD|DROP|MODIFY|RENAME) COLUMN (?!.* MODIFY SETTING )/.test(change)
    ? [local, `ALTER TABLE ${table}${onCluster(cluster)} ${change}`]
    : [local];
}

function renderCreate(statement: string, table: string, cluster: string): readonly string[] {
  const shardKey = SHARD_KEYS[table];
  if (shardKey === undefined || !ENGINE.test(statement)) {
    throw new Error(`The table ${table} has no shard key, or an engine that is not replicated.`);
  }
  const on = onCluster(cluster);
  const local = statement
    .replace(CREATE, `CREATE TABLE IF NOT EXISTS ${table}_local${on} (`)
    .replace(ENGINE, (_, replacing: string | undefined, version: string | undefined) => {
      const parts = version === undefined ? REPLICA : `${REPLICA}, ${version}`;
      return `\n) ENGINE = Replicated${replacing ?? ''}MergeTree(${parts})\n`;
    })
    // The window of tables with replicas is 10,000 inserts as well, but lasts an hour: shorter than an outage.
    .replace(
      'non_replicated_deduplication_window = 10000',
      'replicated_deduplication_window_seconds = 604800',
    );
  return [local, distributedTable(table, cluster)];
}

/** A distributed table names the local one, so it is made anew. */
function renderRename(from: string, to: string, cluster: string): readonly string[] {
  const on = onCluster(cluster);
  return [
    `RENAME TABLE IF EXISTS ${from}_local TO ${to}_local${on}`,
    distributedTable(to, cluster),
    `DROP TABLE IF EXISTS ${from}${on}`,
  ];
}

function distributedTable(table: string, cluster: string): string {
  return `CREATE TABLE IF NOT EXISTS ${table}${onCluster(cluster)} AS ${table}_local
ENGINE = Distributed(\`${cluster}\`, currentDatabase(), ${table}_local, ${SHARD_KEYS[table]})`;
}
