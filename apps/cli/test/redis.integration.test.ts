import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeWithTool, freePort, waitFor } from '@everflame/testkit';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isPortFree } from '../src/up/preparation/ports.ts';
import { redisSpec } from '../src/up/processes/processes.ts';
import { configureRedis, endLeftoverRedis, redisProblem } from '../src/up/processes/redis-server.ts';
import { Supervisor } from '../src/up/supervision/supervisor.ts';
import { REDIS } from '../src/up/preparation/system-package.ts';

const HOST = '127.0.0.1';
const PASSWORD = 'correct-horse-battery';
const PROGRAM = REDIS.programs[0] ?? '';
const GUARD = fileURLToPath(new URL('../bin/guard.mjs', import.meta.url));
const OWNER = fileURLToPath(new URL('programs/redis-owner.mjs', import.meta.url));

describeWithTool(['redis-server'], 'the private Redis', () => {
  let folder: string;
  let port: number;
  let url: string;
  const strays: ChildProcess[] = [];

  beforeEach(async () => {
    // A blank in the path is what careless quoting would trip over.
    folder = join(mkdtempSync(join(tmpdir(), 'everflame-cli-')), 'data folder');
    mkdirSync(join(folder, 'redis'), { recursive: true });
    mkdirSync(join(folder, 'logs'));
    port = await freePort();
    url = `redis://:${PASSWORD}@${HOST}:${port}`;
  });
  afterEach(() => {
    for (const stray of strays.splice(0)) stray.kill('SIGKILL');
    rmSync(join(folder, '..'), { recursive: true, force: true });
  });

  const spec = () =>
    redisSpec(
      PROGRAM,
      { host: HOST, port },
      { redis: join(folder, 'redis'), logs: join(folder, 'logs') },
      { env: { PATH: process.env['PATH'] ?? '' }, password: PASSWORD },
    );
  const redisArguments = (password = PASSWORD) =>
    configureRedis(join(folder, 'redis'), { host: HOST, port, password });
  const endLeftover = () =>
    endLeftoverRedis(HOST, port, { folder: join(folder, 'redis'), password: PASSWORD });
  const isGone = () => isPortFree(HOST, port);
  const isUp = async () => (await redisProblem(url)) === undefined;

  async function ask<T>(use: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(url, { maxRetriesPerRequest: 1 });
    try {
      return await use(redis);
    } finally {
      redis.disconnect();
    }
  }

  function startStray(cwd: string, args: readonly string[]): ChildProcess {
    const stray = spawn(PROGRAM, args, { cwd, stdio: 'ignore' });
    strays.push(stray);
    return stray;
  }

  it('keeps every write in an append-only file, evicts nothing, and has it all after a restart', async () => {
    for (const expected of [null, 'kept']) {
      const supervisor = new Supervisor(() => undefined);
      await supervisor.startStage([spec()]);
      expect(await ask((redis) => redis.get('key'))).toBe(expected);
      await ask((redis) => redis.set('key', 'kept'));
      const info = await ask((redis) => redis.info());
      expect(info).toMatch(/^maxmemory_policy:noeviction/m);
      expect(info).toMatch(/^aof_enabled:1/m);
      await supervisor.stop(['redis']);
      expect(await isGone()).toBe(true);
    }
    expect(readFileSync(join(folder, 'logs', 'redis.log'), 'utf8')).toContain('Ready to accept connections');
  });

  it('is gone after the process that started the guard was killed', async () => {
    const owner = spawn(
      process.execPath,
      [OWNER, GUARD, join(folder, 'redis'), PROGRAM, ...redisArguments()],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await waitFor(isUp, { what: 'Redis under the guard' });
    owner.kill('SIGKILL');
    await waitFor(isGone, { what: 'Redis to be gone' });
    expect(await isGone()).toBe(true);
  });

  it('is ended by the next start when the guard was killed, too', async () => {
    const owner = spawn(
      process.execPath,
      [OWNER, GUARD, join(folder, 'redis'), PROGRAM, ...redisArguments()],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [guardPid] = (await once(owner.stdout, 'data')) as [Buffer];
    await waitFor(isUp, { what: 'Redis under the guard' });
    process.kill(Number(guardPid.toString()), 'SIGKILL');
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    expect(await isUp()).toBe(true);
    expect(await endLeftover()).toBe(true);
    expect(await isGone()).toBe(true);
  });

  it('is started again when the guard is killed under a living parent', async () => {
    const lines: string[] = [];
    const supervisor = new Supervisor((line) => lines.push(line));
    await supervisor.startStage([spec()]);
    const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], {
      encoding: 'utf8',
    });
    const guard = children.split('\n').find((line) => line.includes(GUARD));
    process.kill(Number.parseInt(guard ?? '', 10), 'SIGKILL');
    await waitFor(() => lines.some((line) => line.startsWith('✓ redis is back')), {
      what: 'Redis to be back',
    });
    expect(await isUp()).toBe(true);
    await supervisor.stop(['redis']);
    expect(await isGone()).toBe(true);
  });

  it('leaves a Redis alone that keeps its files elsewhere or has another password', async () => {
    const open = startStray(join(folder, 'logs'), ['--port', String(port), '--bind', HOST]);
    const openUrl = `redis://${HOST}:${port}`;
    await waitFor(async () => (await redisProblem(openUrl)) === undefined, { what: 'the open Redis' });
    expect(await endLeftover()).toBe(false);
    expect(await redisProblem(openUrl)).toBeUndefined();
    open.kill('SIGKILL');
    await waitFor(isGone, { what: 'the open Redis to be gone' });
    startStray(join(folder, 'logs'), redisArguments('another-password'));
    const lockedUrl = `redis://:another-password@${HOST}:${port}`;
    await waitFor(async () => (await redisProblem(lockedUrl)) === undefined, { what: 'the locked Redis' });
    expect(await endLeftover()).toBe(false);
    expect(await redisProblem(lockedUrl)).toBeUndefined();
  });

  it('ends one without a password that an older Everflame left in the same folder', async () => {
    startStray(join(folder, 'redis'), ['--port', String(port), '--bind', HOST]);
    const openUrl = `redis://${HOST}:${port}`;
    await waitFor(async () => (await redisProblem(openUrl)) === undefined, { what: 'the older Redis' });
    expect(await endLeftover()).toBe(true);
    expect(await isGone()).toBe(true);
  });

  it('answers nobody without the password, runs no command that reaches outside, and shows it to no other user', async () => {
    const supervisor = new Supervisor(() => undefined);
    const { args } = spec();
    await supervisor.startStage([spec()]);
    for (const other of [`redis://${HOST}:${port}`, `redis://:wrong@${HOST}:${port}`]) {
      expect(await redisProblem(other)).toMatch(/NOAUTH|WRONGPASS/);
    }
    for (const command of ['CONFIG', 'DEBUG', 'MODULE', 'SLAVEOF', 'MIGRATE']) {
      await expect(ask((redis) => redis.call(command, 'GET', 'dir'))).rejects.toThrow(/unknown command/);
    }
    expect(args.join(' ')).not.toContain(PASSWORD);
    expect(statSync(join(folder, 'redis', 'redis.conf')).mode & 0o777).toBe(0o600);
    await supervisor.stop(['redis']);
    expect(readFileSync(join(folder, 'logs', 'redis.log'), 'utf8')).not.toContain(PASSWORD);
  });

  it('is killed at once by kill(), and nothing is left running', async () => {
    const supervisor = new Supervisor(() => undefined);
    await supervisor.startStage([spec()]);
    supervisor.kill();
    await waitFor(isGone, { what: 'Redis to be gone' });
    expect(await isGone()).toBe(true);
  });
});
