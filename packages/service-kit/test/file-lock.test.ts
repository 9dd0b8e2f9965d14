import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileLock, FileLockedError } from '../src/index.ts';

describe('FileLock', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'everflame-lock-'));
    file = join(folder, 'a.lock');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const holdAs = (pid: number, identity: string, more: object = { host: hostname() }): void =>
    writeFileSync(file, JSON.stringify({ pid, identity, ...more }));
  /** What this process writes into a lock, for a process that lives. */
  const identityOf = (pid: number): string => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`;
  };
  const holdAsParent = (more?: object): void => holdAs(process.ppid, identityOf(process.ppid), more);

  it('is free again after a release, and leaves nothing behind', async () => {
    (await FileLock.acquire(file)).release();
    expect(readdirSync(folder)).toEqual([]);
    const lock = await FileLock.acquire(file);
    expect(lock.wasStale).toBe(false);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    lock.release();
  });

  it('has one owner at a time in a process, too', async () => {
    const lock = await FileLock.acquire(file);
    await expect(FileLock.acquire(file)).rejects.toMatchObject({ holder: `process ${process.pid}` });
    lock.release();
  });

  it('takes over the lock of a process that is gone', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    holdAs(pid, 'whatever it was');
    const lock = await FileLock.acquire(file);
    expect(lock.wasStale).toBe(true);
    lock.release();
  });

  it('takes over the lock of a pid that now belongs to another program', async () => {
    holdAs(process.ppid, 'an earlier boot/1');
    const lock = await FileLock.acquire(file);
    expect(lock.wasStale).toBe(true);
    lock.release();
  });

  it('takes over a lock file that cannot be read', async () => {
    writeFileSync(file, '');
    const lock = await FileLock.acquire(file);
    expect(lock.wasStale).toBe(true);
    lock.release();
  });

  it.each([[{ host: hostname() }], [{}]])(
    'names the living process that holds it, written with %j',
    async (more) => {
      holdAsParent(more);
      const refusal = FileLock.acquire(file);
      await expect(refusal).rejects.toBeInstanceOf(FileLockedError);
      await expect(refusal).rejects.toMatchObject({ pid: process.ppid, holder: `process ${process.ppid}` });
      expect(readdirSync(folder)).toEqual(['a.lock']);
    },
  );

  it('is waited for while its holder is stopping', async () => {
    holdAsParent({ host: hostname(), isStopping: true });
    const lock = await FileLock.acquire(file, { waitMs: 60_000, onWait: () => rmSync(file) });
    expect(lock.wasStale).toBe(false);
    lock.markStopping();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid, isStopping: true });
    lock.release();
    expect(existsSync(file)).toBe(false);
  });

  it('is held by a process of another machine as long as that one gives signs of life, where it is waited for', async () => {
    const elsewhere = { host: 'elsewhere' };
    holdAs(7, 'x/1', elsewhere);
    let atMs = 0;
    const heartbeat = setInterval(() => utimesSync(file, new Date(atMs), new Date((atMs += 2000))), 50);
    try {
      await expect(FileLock.acquire(file, { staleMs: 60_000 })).rejects.toMatchObject({
        holder: 'process 7 on elsewhere',
      });
    } finally {
      clearInterval(heartbeat);
    }
    const lock = await FileLock.acquire(file);
    expect(lock.wasStale).toBe(true);
    lock.release();
  });

  it('does not release a lock that another process has taken over since, and says that it is lost', async () => {
    const lock = await FileLock.acquire(file);
    await lock.verify();
    holdAsParent();
    await expect(lock.verify()).rejects.toThrow('was taken over');
    lock.markStopping();
    lock.release();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.ppid });
  });
});
