import { realpathSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { isPortFree } from './ports.ts';

const CONNECT_TIMEOUT_MS = 1500;
const SHUTDOWN_TIMEOUT_MS = 15_000;

/** Arguments of the private `redis-server`; it keeps its files in its working directory. */
export function redisArguments(host: string, port: number): string[] {
  const options = {
    bind: host,
    port: String(port),
    daemonize: 'no',
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
  };
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
}

/** Nothing when the Redis at `url` answers within the time, else why it does not. */
export async function redisProblem(url: string, timeoutMs = CONNECT_TIMEOUT_MS): Promise<string | undefined> {
  try {
    await withConnection(url, (redis) => redis.ping(), timeoutMs);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Shuts down a Redis on `host:port` that keeps its files in `folder`: one that an earlier run left behind.
 * Anything else on that port is left alone. Resolves to whether there was one.
 */
export async function endLeftoverRedis(host: string, port: number, folder: string): Promise<boolean> {
  if (await isPortFree(host, port)) return false;
  const url = `redis://${host}:${port}`;
  try {
    const [, dir] = await withConnection(url, (redis) => redis.config('GET', 'dir'));
    if (dir === undefined || dir !== realpathSync(folder)) return false;
    await withConnection(url, (redis) => redis.shutdown()).catch(() => undefined);
  } catch {
    return false;
  }
  const deadline = performance.now() + SHUTDOWN_TIMEOUT_MS;
  while (!(await isPortFree(host, port)) && performance.now() < deadline) await delay(50);
  return true;
}

async function withConnection<T>(
  url: string,
  use: (redis: Redis) => Promise<T>,
  timeoutMs = CONNECT_TIMEOUT_MS,
): Promise<T> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let reason: Error | undefined;
  redis.on('error', (error: Error) => {
    reason = error;
  });
  try {
    await redis.connect();
    return await use(redis);
  } catch (error) {
    throw reason ?? error;
  } finally {
    redis.disconnect();
  }
}
