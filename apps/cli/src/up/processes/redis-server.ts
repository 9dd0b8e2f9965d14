import { chmodSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withRedis } from '@everflame/service-kit/redis';
import { isPortFree } from '../preparation/ports.ts';

const CONNECT_TIMEOUT_MS = 1500;
const SHUTDOWN_TIMEOUT_MS = 15_000;

/** Commands that reach outside the data folder or change who may use the server; nobody needs them here. */
const CLOSED_COMMANDS = ['CONFIG', 'DEBUG', 'MIGRATE', 'MODULE', 'REPLICAOF', 'SLAVEOF'];

/**
 * Writes the configuration of the private `redis-server` into `folder`, its working directory, where it keeps its files.
 * Returns the arguments to start it with; the password is in the file alone, as everybody can read a command line.
 */
export function configureRedis(
  folder: string,
  { host, port, password }: { host: string; port: number; password: string },
): string[] {
  const lines = [
    `bind ${host}`,
    `port ${port}`,
    `requirepass ${password}`,
    'daemonize no',
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy noeviction',
    ...CLOSED_COMMANDS.map((command) => `rename-command ${command} ""`),
  ];
  const file = join(folder, 'redis.conf');
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
  return [file];
}

/** Nothing when the Redis at `url` answers within the time, else why it does not. */
export async function redisProblem(url: string, timeoutMs = CONNECT_TIMEOUT_MS): Promise<string | undefined> {
  try {
    await withRedis(url, timeoutMs, (redis) => redis.ping());
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Shuts down the Redis of a data folder that an earlier run left behind on `host:port`: one that takes the folder's
 * password or, from before there were passwords, keeps its files in `folder`.
 * Anything else on that port is left alone. Resolves to whether there was one.
 */
export async function endLeftoverRedis(
  host: string,
  port: number,
  { folder, password }: { folder: string; password: string },
): Promise<boolean> {
  if (await isPortFree(host, port)) return false;
  const open = `redis://${host}:${port}`;
  const locked = `redis://:${password}@${host}:${port}`;
  const isOpen = (await redisProblem(open)) === undefined;
  if (isOpen ? !(await keepsFilesIn(open, folder)) : (await redisProblem(locked)) !== undefined) return false;
  await withRedis(isOpen ? open : locked, CONNECT_TIMEOUT_MS, (redis) => redis.shutdown()).catch(
    () => undefined,
  );
  const deadline = performance.now() + SHUTDOWN_TIMEOUT_MS;
  while (!(await isPortFree(host, port)) && performance.now() < deadline) await delay(50);
  return true;
}

async function keepsFilesIn(url: string, folder: string): Promise<boolean> {
  try {
    const [, dir] = await withRedis(url, CONNECT_TIMEOUT_MS, (redis) => redis.config('GET', 'dir'));
    return dir === realpathSync(folder);
  } catch {
    return false;
  }
}
