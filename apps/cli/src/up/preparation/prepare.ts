import { existsSync } from 'node:fs';
import type { FileLock } from '@everflame/service-kit/file-lock';
import { CommandFailure, EXIT } from '../../exit.ts';
import type { DataFolder } from './data-folder.ts';
import { type Report, secondsSince } from '../supervision/kept-process.ts';
import { requireFreePorts } from './ports.ts';
import { httpProblem } from '../processes/processes.ts';
import { endLeftoverRedis, redisProblem } from '../processes/redis-server.ts';
import { openSecrets } from '../settings/secrets.ts';
import { ownSockets, type UpSettings } from '../settings/settings.ts';
import { findProgram, installPackage, REDIS } from './system-package.ts';

/** Time for the processes of a run that was killed to end by themselves. */
const PREVIOUS_RUN_MS = 25_000;
const INSTALL_TIMEOUT_MS = 300_000;

/**
 * Checks `everflame.yaml` before anything starts; resolves to whether there is one.
 * Throws `CommandFailure` (2) with one `path:line:column: problem` per problem.
 */
export async function checkConfigFile({ path, required }: UpSettings['configFile']): Promise<boolean> {
  if (!required && !existsSync(path)) return false;
  const { InvalidConfigError, readEverflameFile } = await import('@everflame/service-kit');
  try {
    readEverflameFile(path);
    return true;
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    const [, ...problems] = error.message.split('\n');
    throw new CommandFailure(
      EXIT.invalidSettings,
      'The configuration file has problems:',
      problems.map((problem) => problem.trim()),
    );
  }
}

/** Frees what a killed run may have left, then makes sure that every port can be opened. */
export async function checkPorts(
  settings: UpSettings,
  folder: DataFolder,
  lock: FileLock,
  report: Report,
): Promise<void> {
  const { host, port } = settings.sockets.redis;
  const redis = { folder: folder.redis, password: openSecrets(folder.path).redis };
  if (settings.redisUrl === undefined && (await endLeftoverRedis(host, port, redis))) {
    report('✓ ended the Redis that an earlier run left behind');
  }
  await requireFreePorts(ownSockets(settings), {
    waitMs: lock.wasStale ? PREVIOUS_RUN_MS : 0,
    onWait: () => report('… waiting for the processes of the previous run to end'),
  });
}

/** Says which of the servers that are used as they are do not answer now, and why. They may come later. */
export async function reportExternalStores(
  { clickhouseUrl, redisUrl }: UpSettings,
  report: Report,
): Promise<void> {
  const [clickhouse, redis] = await Promise.all([
    clickhouseUrl === undefined ? undefined : httpProblem(pingUrl(clickhouseUrl)),
    redisUrl === undefined ? undefined : redisProblem(redisUrl),
  ]);
  if (clickhouse !== undefined) {
    report(`! The ClickHouse of CLICKHOUSE_URL cannot be used yet: ${clickhouse}; Everflame waits for it`);
  }
  if (redis !== undefined) {
    report(`! The Redis of REDIS_URL cannot be used yet: ${redis}; Everflame waits for it`);
  }
}

/** Path of `redis-server`, which is installed where it is missing. Throws `CommandFailure` (6) where it cannot be. */
export async function requireRedisProgram(report: Report): Promise<string> {
  const present = findProgram(REDIS.programs);
  if (present !== undefined) return present;
  const since = performance.now();
  const reason = await installPackage(REDIS, {
    timeoutMs: INSTALL_TIMEOUT_MS,
    onStart: () => report('… installing redis-server, which is not on the PATH'),
    onOutput: (line) => report(`  ${line}`),
  });
  const program = findProgram(REDIS.programs);
  if (reason !== undefined || program === undefined) {
    throw new CommandFailure(
      EXIT.redisMissing,
      `Everflame needs redis-server and could not install it${reason === undefined ? '' : ` (${reason})`}. Install it with "apt-get install redis-server" (Debian, Ubuntu) or "brew install redis" (macOS) and start again, or set REDIS_URL to a Redis that runs already.`,
    );
  }
  report(`✓ redis-server installed (${secondsSince(since)})`);
  return program;
}

function pingUrl(clickhouseUrl: string): string {
  const { protocol, host } = new URL(clickhouseUrl);
  return `${protocol}//${host}/ping`;
}
