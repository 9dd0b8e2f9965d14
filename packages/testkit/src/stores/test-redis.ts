import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../net/free-port.ts';
import { missingTool, requireTool } from './tools.ts';
import { waitFor } from '../time/wait-for.ts';

/** A Redis to test against, empty unless given by REDIS_TEST_URL. */
export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * The server of REDIS_TEST_URL, or else a `redis-server` of its own on a free port, without persistence.
 * Throws where the program is missing.
 */
export async function startTestRedis(): Promise<TestRedis> {
  const given = process.env['REDIS_TEST_URL'];
  if (given !== undefined && given !== '') return { url: given, stop: () => Promise.resolve() };
  const program = requireTool('redis-server');
  if (program === undefined) {
    missingTool(
      'redis-server',
      'Install it (apt-get install redis-server, brew install redis) or set REDIS_TEST_URL.',
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'everflame-test-redis-'));
  const port = await freePort();
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  const server = spawn(program, options, { stdio: 'ignore' });
  const killWithParent = (): void => void server.kill('SIGKILL');
  process.once('exit', killWithParent);
  const stop = async (): Promise<void> => {
    process.off('exit', killWithParent);
    await end(server);
    await rm(folder, { recursive: true, force: true });
  };
  const url = `redis://127.0.0.1:${port}`;
  try {
    await waitFor(() => answers(url, server), { what: `redis-server on port ${port}` });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

async function answers(url: string, server: ChildProcess): Promise<boolean> {
  if (hasEnded(server)) throw new Error('redis-server ended before it was ready');
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return (await redis.ping()) === 'PONG';
  } finally {
    redis.disconnect();
  }
}

async function end(server: ChildProcess): Promise<void> {
  if (hasEnded(server)) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
}

function hasEnded(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null || server.pid === undefined;
}
