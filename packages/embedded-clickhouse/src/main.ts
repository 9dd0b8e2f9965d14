import { resolve } from 'node:path';
import { DataFolderLockedError } from './data-folder-lock.ts';
import { startEmbeddedClickHouse, type EmbeddedClickHouse } from './http/server.ts';

/** How long the server goes on after its parent is gone. */
const ORPHAN_GRACE_MS = 1500;

/** Exit codes: 0 stopped on request, 1 failed, 2 wrong configuration, 3 the data folder is in use. */
const exitCodes = { failed: 1, configuration: 2, locked: 3 } as const;

function log(level: 'info' | 'warn' | 'error', fields: Record<string, unknown>, message: string): void {
  process.stdout.write(`${JSON.stringify({ level, time: Date.now(), ...fields, msg: message })}\n`);
}

function readNumber(name: string, fallback: number, minimum: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return fallback;
  const number = Number(text);
  const isRight = Number.isInteger(number) && number >= minimum && number <= 65_535;
  return isRight ? number : refuse(name, `must be a whole number from ${minimum} to 65535`);
}

function requireVariable(name: string, demand: string): string {
  return process.env[name] || refuse(name, demand);
}

function refuse(name: string, demand: string): never {
  log('error', { variable: name }, `${name} ${demand}`);
  process.exit(exitCodes.configuration);
}

async function start(): Promise<EmbeddedClickHouse> {
  const dataDir = requireVariable('CLICKHOUSE_EMBEDDED_DATA_DIR', 'must name the data folder');
  const password = requireVariable(
    'CLICKHOUSE_EMBEDDED_PASSWORD',
    'must be the password that statements have to come with, such as the output of: openssl rand -hex 24',
  );
  const sessions = readNumber('CLICKHOUSE_EMBEDDED_SESSIONS', 4, 1);
  // Each running statement holds one libuv thread, and /healthz needs one beside them. Node reads this variable before any
  // of our code runs.
  const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
  if (threads <= sessions) {
    log('warn', { threads, sessions }, 'UV_THREADPOOL_SIZE is not larger than CLICKHOUSE_EMBEDDED_SESSIONS');
  }
  const server = await startEmbeddedClickHouse({
    dataDir,
    password,
    allowedHosts: (process.env['CLICKHOUSE_EMBEDDED_ALLOWED_HOSTS'] ?? '').split(/[\s,]+/).filter(Boolean),
    host: process.env['CLICKHOUSE_EMBEDDED_HOST'] || '127.0.0.1',
    port: readNumber('CLICKHOUSE_EMBEDDED_PORT', 8123, 0),
    sessions,
  });
  log('info', { url: server.url, dataDir: resolve(dataDir) }, 'embedded ClickHouse is listening');
  return server;
}

async function main(): Promise<void> {
  const hasParentChannel = process.send !== undefined;
  const server = await start();
  const stop = (): void => {
    server.close().then(
      () => {
        log('info', {}, 'embedded ClickHouse stopped');
        process.exit(0);
      },
      (error: unknown) => {
        log('error', { error: String(error) }, 'embedded ClickHouse did not stop cleanly');
        process.exit(exitCodes.failed);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Started with an IPC channel, the server must not outlive its parent. Services that lose the same parent get a moment
  // to store what they hold.
  if (!hasParentChannel) return;
  process.on('disconnect', () => setTimeout(stop, ORPHAN_GRACE_MS));
  if (!process.connected) stop();
}

main().catch((error: unknown) => {
  const isLocked = error instanceof DataFolderLockedError;
  log('error', {}, error instanceof Error ? error.message : String(error));
  process.exit(isLocked ? exitCodes.locked : exitCodes.failed);
});
