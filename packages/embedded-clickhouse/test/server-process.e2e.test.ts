import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from './start-server.ts';

const packageDir = resolve(import.meta.dirname, '..');
// Inside node_modules, so that the compiled process finds the engine.
const compiledDir = join(packageDir, '../../node_modules/.cache', `embedded-clickhouse-${process.pid}`);

interface ServerProcess {
  readonly child: ChildProcess;
  readonly client: ClickHouseClient;
}

const PASSWORD = 'correct horse';

const started: ServerProcess[] = [];
let dataDir = '';
let printed: string[] = [];

beforeAll(() => {
  mkdirSync(compiledDir, { recursive: true });
  const compiler = join(
    dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
    'bin/tsc',
  );
  const options = [
    '--outDir',
    compiledDir,
    '--composite',
    'false',
    '--incremental',
    'false',
    '--declaration',
    'false',
  ];
  execFileSync(process.execPath, [compiler, '-p', packageDir, ...options, '--declarationMap', 'false']);
  writeFileSync(join(compiledDir, 'package.json'), '{"type":"module"}');
});
afterAll(() => rmSync(compiledDir, { recursive: true, force: true }));

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'everflame-process-'));
});
afterEach(async () => {
  for (const { child, client } of started.splice(0)) {
    await client.close();
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  rmSync(dataDir, { recursive: true, force: true });
});

function spawnServer(): { child: ChildProcess; lines: string[] } {
  const child = fork(join(compiledDir, 'main.js'), [], {
    env: {
      ...process.env,
      CLICKHOUSE_EMBEDDED_DATA_DIR: dataDir,
      CLICKHOUSE_EMBEDDED_PASSWORD: PASSWORD,
      CLICKHOUSE_EMBEDDED_PORT: '0',
      // A thread for each session and some more, as it should be: anything less is warned of.
      UV_THREADPOOL_SIZE: '8',
    },
    silent: true,
  });
  const lines: string[] = [];
  printed = lines;
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { child, lines };
}

async function startProcess(): Promise<ServerProcess> {
  const { child, lines } = spawnServer();
  await until('the line that says where it listens', () => {
    expect(child.exitCode, lines.join('\n')).toBeNull();
    return lines.some((line) => line.includes('is listening'));
  });
  const { url } = JSON.parse(lines[0]!) as { url: string };
  const running = {
    child,
    client: createClient({ url, password: PASSWORD, log: { level: ClickHouseLogLevel.OFF } }),
  };
  started.push(running);
  return running;
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

async function countOf(client: ClickHouseClient): Promise<number> {
  const result = await client.query({ query: 'SELECT count() FROM t', format: 'JSONCompactEachRow' });
  return Number((await result.json<[string]>())[0]?.[0]);
}

describe('the server process', () => {
  it('keeps every acknowledged insert through kill -9, and starts again at once', async () => {
    let acknowledged = 0;
    let server = await startProcess();
    await server.client.command({
      query: 'CREATE TABLE t (id UInt64, pad String) ENGINE = MergeTree ORDER BY id',
    });
    for (let round = 0; round < 3; round++) {
      const { child, client } = server;
      const insertUntilKilled = async (): Promise<void> => {
        for (;;) {
          const values = Array.from({ length: 500 }, (_, id) => ({ id, pad: 'x'.repeat(50) }));
          await client.insert({ table: 't', values, format: 'JSONEachRow' });
          acknowledged++;
        }
      };
      const before = acknowledged;
      const writers = [insertUntilKilled(), insertUntilKilled()].map((writer) =>
        writer.catch(() => undefined),
      );
      await until('ten acknowledged inserts', () => acknowledged >= before + 10);
      child.kill('SIGKILL');
      await Promise.all([...writers, once(child, 'exit')]);
      server = await startProcess();
      const rows = await countOf(server.client);
      expect(rows % 500).toBe(0);
      expect(rows / 500).toBeGreaterThanOrEqual(acknowledged);
      // At most the two inserts in flight are stored without an acknowledgement, in each round.
      expect(rows / 500).toBeLessThanOrEqual(acknowledged + 2 * (round + 1));
      expect(readdirSync(join(dataDir, 'insert-spool'))).toEqual([]);
    }
  });

  it('exits with 3 and one clear sentence while another process has the data folder', async () => {
    const { child: holder } = await startProcess();
    const second = spawnServer();
    expect(await exitOf(second.child)).toBe(3);
    await until('the reason', () => second.lines.length > 0);
    expect(JSON.parse(second.lines[0]!)).toMatchObject({
      level: 'error',
      msg: `The data folder ${dataDir} is in use by process ${holder.pid}; stop that first or choose another folder.`,
    });
    expect(holder.exitCode).toBeNull();
  });

  it('finishes running statements on SIGTERM and exits with 0', async () => {
    const { child, client } = await startProcess();
    const answer = client.query({ query: 'SELECT sleep(2) AS slept', format: 'JSONEachRow' });
    await until('the running statement', async () => {
      const running = await client.query({
        query: 'SELECT query FROM system.processes',
        format: 'JSONEachRow',
      });
      return (await running.text()).includes('sleep');
    });
    const exited = exitOf(child);
    child.kill('SIGTERM');
    expect(await (await answer).json()).toEqual([{ slept: 0 }]);
    expect(await exited).toBe(0);
    expect(existsSync(join(dataDir, 'server.pid'))).toBe(false);
  });

  it('exits when the parent that started it disconnects', async () => {
    const { child } = await startProcess();
    const exited = exitOf(child);
    child.disconnect();
    expect(await exited).toBe(0);
  });

  it.each([
    { CLICKHOUSE_EMBEDDED_PASSWORD: PASSWORD, CLICKHOUSE_EMBEDDED_SESSIONS: 'many' },
    { CLICKHOUSE_EMBEDDED_PASSWORD: '' },
  ])('exits with 2 where its configuration is wrong: %j', async (wrong) => {
    const child = fork(join(compiledDir, 'main.js'), [], {
      env: { ...process.env, CLICKHOUSE_EMBEDDED_DATA_DIR: dataDir, ...wrong },
      silent: true,
    });
    expect(await exitOf(child)).toBe(2);
  });

  it('never prints its password, and has it nowhere in its data folder', async () => {
    const { client } = await startProcess();
    await client.command({ query: 'CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id' });
    await expect(client.command({ query: 'nonsense' })).rejects.toThrow();
    expect(printed.join('\n')).not.toContain(PASSWORD);
    const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    for (const file of files) {
      expect(readFileSync(join(file.parentPath, file.name)).includes(PASSWORD), file.name).toBe(false);
    }
  });
});
