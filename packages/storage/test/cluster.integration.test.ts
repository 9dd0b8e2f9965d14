import { startTestClickHouse, type TestClickHouse } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketRange } from '../src/delete/deletion-range.ts';
import {
  countRollupsSince,
  deleteEdges,
  deleteLabelValues,
  deleteOtherVersions,
  deleteRaw,
  deleteSeries,
  deleteWhole,
  insertEmptiedHours,
  insertEmptiedState,
  insertLateHoursOf,
  repeatLateHours,
  selectEdgeFingerprints,
} from '../src/delete/deletion-statements.ts';
import { openClickHouse } from '../src/index.ts';
import { renderStatement, SHARD_KEYS } from '../src/migrations/cluster.ts';
import { finest } from '../src/rollup/resolutions.ts';
import type { Sql } from '../src/sql.ts';
import { MIGRATIONS, SCHEMA_MIGRATIONS } from '../src/migrations/migrate.ts';

const statements = [false, true].flatMap((embedded) => [
  SCHEMA_MIGRATIONS,
  ...MIGRATIONS.flatMap((migration) => migration.statements({ embedded })),
]);
const rendered = (cluster: string | undefined): string[] =>
  statements.flatMap((statement) => renderStatement(statement, cluster));
const tables = [...statements.join('\n').matchAll(/CREATE TABLE IF NOT EXISTS (\w+)/g)].map(
  (match) => match[1] ?? '',
);

/** A statement as the parser of the engine writes it, or its complaint. Nothing of it is run. */
async function parsed({ url }: TestClickHouse, statement: string): Promise<string> {
  const escaped = statement.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
  const response = await fetch(`${url}/?${new URLSearchParams({ param_statement: escaped }).toString()}`, {
    method: 'POST',
    body: 'SELECT formatQuery({statement:String}) FORMAT TSVRaw',
  });
  return response.text();
}

describe('the statements of migrations', () => {
  let server: TestClickHouse;

  beforeAll(async () => {
    server = await startTestClickHouse();
  });

  afterAll(async () => {
    await server.stop();
  });

  it.each([undefined, 'fleet', 'fleet-2'])(
    'are read by the parser of ClickHouse, cluster %s',
    async (cluster) => {
      for (const text of rendered(cluster))
        expect(await parsed(server, text)).toMatch(/^(CREATE|ALTER|INSERT|RENAME|DROP) /);
      expect(await parsed(server, 'CREATE TABLE t ON CLUSTER (x UInt8)')).toContain('Syntax error');
    },
  );

  it('stay as they are without a cluster', () => {
    expect(rendered(undefined)).toEqual(statements);
  });

  it('make a replicated and a distributed table of each in a cluster', () => {
    const all = rendered('fleet');
    const moving = all.filter((text) => !text.includes(' ON CLUSTER `fleet` '.trimEnd()));
    expect(moving.filter((text) => !text.startsWith('INSERT INTO rollup_state '))).toEqual([]);
    expect(all.filter((text) => /non_replicated|ENGINE = (Replacing|Merge)/.test(text))).toEqual([]);
    for (const table of tables) {
      const [local, distributed] = all.filter((text) =>
        new RegExp(`^CREATE TABLE IF NOT EXISTS ${table}(_local)? `).test(text),
      );
      expect(local).toContain(`${table}_local`);
      expect(local).toMatch(
        /ENGINE = ReplicatedReplacingMergeTree\('\/clickhouse\/tables\/\{shard\}\/\{database\}\/\{table\}', '\{replica\}'/,
      );
      expect(distributed).toContain(`Distributed(\`fleet\`, currentDatabase(), ${table}_local, `);
    }
  });

  it('keep the version by which rows replace each other', () => {
    const hour = rendered('fleet').find((text) => text.includes('profiles_1h_local ON'));
    expect(hour).toContain(`'{replica}', ver)`);
  });

  it('shard by columns of the sorting key, so that rows that replace each other meet', () => {
    expect(Object.keys(SHARD_KEYS).toSorted()).toEqual([...new Set([...tables, 'late_hours'])].toSorted());
    for (const statement of statements.filter((text) => text.includes('CREATE TABLE'))) {
      const [, table = ''] = /CREATE TABLE IF NOT EXISTS (\w+)/.exec(statement) ?? [];
      const [, order = ''] = /ORDER BY\s+(\([^\n]*\)|\w+)/.exec(statement) ?? [];
      const [shardKey = ''] = [SHARD_KEYS[table]];
      const columns = shardKey.replace(/^cityHash64/, '').match(/\w+/g) ?? [];
      expect(columns.length).toBeGreaterThan(0);
      expect(order.match(/\w+/g)).toEqual(expect.arrayContaining(columns));
    }
  });

  it('change columns of both tables and all else of the replicated one', () => {
    expect(renderStatement('ALTER TABLE profiles ADD COLUMN IF NOT EXISTS x UInt8', 'fleet')).toEqual([
      'ALTER TABLE profiles_local ON CLUSTER `fleet` ADD COLUMN IF NOT EXISTS x UInt8',
      'ALTER TABLE profiles ON CLUSTER `fleet` ADD COLUMN IF NOT EXISTS x UInt8',
    ]);
    expect(renderStatement('ALTER TABLE profiles MODIFY TTL ts + toIntervalDay(3)', 'fleet')).toEqual([
      'ALTER TABLE profiles_local ON CLUSTER `fleet` MODIFY TTL ts + toIntervalDay(3)',
    ]);
    const blocks = 'MODIFY COLUMN stacks MODIFY SETTING min_compress_block_size = 262144';
    expect(renderStatement(`ALTER TABLE profiles ${blocks}`, 'fleet')).toEqual([
      `ALTER TABLE profiles_local ON CLUSTER \`fleet\` ${blocks}`,
    ]);
  });

  it('rename the replicated table, and make the distributed one anew', () => {
    expect(renderStatement('RENAME TABLE IF EXISTS rollup_marks TO late_hours', 'fleet')).toEqual([
      'RENAME TABLE IF EXISTS rollup_marks_local TO late_hours_local ON CLUSTER `fleet`',
      `CREATE TABLE IF NOT EXISTS late_hours ON CLUSTER \`fleet\` AS late_hours_local
ENGINE = Distributed(\`fleet\`, currentDatabase(), late_hours_local, cityHash64(tenant, service))`,
      'DROP TABLE IF EXISTS rollup_marks ON CLUSTER `fleet`',
    ]);
  });

  it('turn the windows of the replicated tables off', () => {
    const closed = tables.map(
      (table) =>
        `ALTER TABLE ${table}_local ON CLUSTER \`fleet\` MODIFY SETTING replicated_deduplication_window = 0`,
    );
    expect(rendered('fleet')).toEqual(expect.arrayContaining(closed));
  });

  it('are refused where a cluster could not run them', () => {
    const noKey = 'CREATE TABLE IF NOT EXISTS other (\n  id UInt64\n) ENGINE = MergeTree\nORDER BY id';
    expect(() => renderStatement(noKey, 'fleet')).toThrow(/shard key/);
    expect(() => renderStatement('TRUNCATE TABLE profiles', 'fleet')).toThrow(/cluster cannot run/);
  });
});

describe('the statements of a deletion', () => {
  const filter = {
    tenant: 'acme',
    fromMs: Date.UTC(2026, 0, 1, 0, 30),
    toMs: Date.UTC(2026, 0, 3, 0, 30),
    matchers: [
      { name: 'env', op: '=~' as const, value: "dev'|x" },
      { name: 'service_name', op: '=' as const, value: 'shop`; DROP TABLE profiles' },
    ],
  };
  const range = bucketRange(filter, 3_600_000);
  const times = { sinceMs: 1, atMs: 2 };
  const ids = { lo: Uint32Array.of(7, 0xffff_ffff), hi: Uint32Array.of(0, 0xffff_ffff) };
  const deletes = (cluster: string | undefined): readonly Sql[] => [
    deleteRaw(filter, cluster),
    deleteWhole(filter, range, finest(), cluster),
    deleteEdges(filter, range, ids, cluster),
    deleteOtherVersions(filter, { resolution: finest(), version: 5 }, range, cluster),
    deleteSeries(filter, cluster),
    deleteLabelValues(filter, cluster),
  ];
  const others = (cluster: string | undefined): readonly Sql[] => [
    insertLateHoursOf(filter),
    insertEmptiedState(filter, range, times),
    insertEmptiedHours(filter, 2),
    repeatLateHours(filter, range.touched, times),
    selectEdgeFingerprints(filter, range),
    countRollupsSince(1, cluster),
  ];
  let server: TestClickHouse;

  beforeAll(async () => {
    server = await startTestClickHouse();
  });

  afterAll(async () => {
    await server.stop();
  });

  it.each([undefined, 'fleet-2'])('are read by the parser of ClickHouse, cluster %s', async (cluster) => {
    for (const { text } of [...deletes(cluster), ...others(cluster)]) {
      expect(await parsed(server, text)).toMatch(/^(DELETE FROM|INSERT INTO|SELECT|WITH)\s/);
    }
  });

  it('change the replicated tables on every node, and hold nothing of what was asked', () => {
    for (const { text } of deletes('fleet-2')) {
      expect(text).toMatch(/^DELETE FROM \w+_local ON CLUSTER `fleet-2`\nWHERE /);
    }
    for (const { text } of [...deletes(undefined), ...others(undefined)]) {
      expect(text).not.toMatch(/shop|dev|acme|_local|CLUSTER/);
    }
  });
});

describe('the name of a cluster', () => {
  it.each(['', 'a b', 'a`; DROP TABLE profiles', '1st', 'ü'])('cannot be "%s"', (cluster) => {
    expect(() =>
      openClickHouse({ url: 'http://127.0.0.1:1', database: 'd', requestTimeoutMs: 1, cluster }),
    ).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });
});
