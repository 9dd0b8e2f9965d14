import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { startEmbeddedClickHouse } from '@everflame/embedded-clickhouse';

/** A ClickHouse to test against; `stop` gives up this use of it. */
export interface TestClickHouse {
  readonly url: string;
  stop(): Promise<void>;
}

interface Shared {
  users: number;
  readonly started: Promise<TestClickHouse>;
}

let shared: Shared | undefined;

/**
 * The server of CLICKHOUSE_TEST_URL, or else an embedded one in a temporary folder. There can be one engine per
 * process, so all users in a process share it; the last `stop` ends it.
 */
export async function startTestClickHouse(): Promise<TestClickHouse> {
  const given = process.env['CLICKHOUSE_TEST_URL'];
  if (given !== undefined && given !== '') return { url: given, stop: () => Promise.resolve() };
  shared ??= { users: 0, started: startEmbedded() };
  const current = shared;
  current.users++;
  const server = await current.started;
  let isStopped = false;
  return {
    url: server.url,
    async stop() {
      if (isStopped) return;
      isStopped = true;
      current.users--;
      if (current.users > 0) return;
      shared = undefined;
      await server.stop();
    },
  };
}

async function startEmbedded(): Promise<TestClickHouse> {
  const dataDir = await mkdtemp(join(tmpdir(), 'everflame-test-clickhouse-'));
  const server = await startEmbeddedClickHouse({ dataDir, password: '' });
  const removeFolder = (): void => rmSync(dataDir, { recursive: true, force: true });
  process.once('exit', removeFolder);
  return {
    url: server.url,
    async stop() {
      await server.close();
      process.off('exit', removeFolder);
      removeFolder();
    },
  };
}

/** A new, empty database with a random name; `drop` removes it with all its tables. */
export interface FreshDatabase {
  readonly name: string;
  drop(): Promise<void>;
}

export async function freshDatabase(clickhouseUrl: string): Promise<FreshDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const run = async (query: string): Promise<void> => {
    const client = createClient({ url: clickhouseUrl });
    try {
      await client.command({ query, query_params: { name } });
    } finally {
      await client.close();
    }
  };
  await run('CREATE DATABASE {name:Identifier}');
  return { name, drop: () => run('DROP DATABASE IF EXISTS {name:Identifier} SYNC') };
}
