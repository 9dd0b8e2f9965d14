import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT } from '../src/exit.ts';
import { openDataFolder } from '../src/up/data-folder.ts';
import { acquireLock, acquireLockSoon } from '../src/up/lock.ts';
import { LogFile } from '../src/up/log-file.ts';
import { checkConfigFile } from '../src/up/prepare.ts';
import { processIdentity } from '../src/up/process-identity.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'everflame-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const lockFile = () => join(folder, 'everflame.lock');
const holdAs = (pid: number, identity: string) =>
  writeFileSync(lockFile(), JSON.stringify({ pid, identity }));
const configFile = () => join(folder, 'everflame.yaml');

describe('openDataFolder', () => {
  it('creates a folder that only this user can read', async () => {
    const { path } = await openDataFolder(join(folder, 'deep', 'data'));
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('refuses a path that is a file', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(openDataFolder(join(folder, 'file'))).rejects.toMatchObject({
      exitCode: EXIT.dataFolder,
      message: expect.stringMatching(/is not a folder: set EVERFLAME_DATA_DIR/),
    });
  });

  it('refuses a disk with less free space than needed and says how much there is', async () => {
    await expect(openDataFolder(folder, Number.MAX_SAFE_INTEGER)).rejects.toMatchObject({
      exitCode: EXIT.dataFolder,
      message: expect.stringMatching(/has \d+ MiB free and Everflame needs \d+ MiB/),
    });
  });
});

describe('acquireLock', () => {
  it('is free again after a release', () => {
    acquireLock(lockFile(), folder).release();
    const lock = acquireLock(lockFile(), folder);
    expect(lock.wasStale).toBe(false);
    lock.release();
  });

  it('takes over the lock of a process that is gone', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    holdAs(pid, 'whatever it was');
    const lock = acquireLock(lockFile(), folder);
    expect(lock.wasStale).toBe(true);
    lock.release();
  });

  it('takes over the lock of a pid that now belongs to another program', () => {
    holdAs(process.ppid, 'an earlier boot/1');
    const lock = acquireLock(lockFile(), folder);
    expect(lock.wasStale).toBe(true);
    lock.release();
  });

  it('takes over a lock file that cannot be read', () => {
    writeFileSync(lockFile(), '');
    expect(acquireLock(lockFile(), folder).wasStale).toBe(true);
  });

  it('names the living process that holds it', () => {
    holdAs(process.ppid, processIdentity(process.ppid) ?? '');
    expect(() => acquireLock(lockFile(), folder)).toThrow(
      expect.objectContaining({
        exitCode: EXIT.locked,
        message: expect.stringContaining(`in use by another Everflame (pid ${process.ppid})`),
      }),
    );
  });

  it('is waited for while its holder is stopping', async () => {
    const holder = { pid: process.ppid, identity: processIdentity(process.ppid) ?? '', isStopping: true };
    writeFileSync(lockFile(), JSON.stringify(holder));
    const lock = await acquireLockSoon(lockFile(), folder, {
      waitMs: 60_000,
      onWait: () => rmSync(lockFile()),
    });
    expect(lock.wasStale).toBe(false);
    lock.markStopping();
    expect(JSON.parse(readFileSync(lockFile(), 'utf8'))).toMatchObject({
      pid: process.pid,
      isStopping: true,
    });
    lock.release();
    expect(existsSync(lockFile())).toBe(false);
  });

  it('does not release a lock that another process has taken over since', () => {
    const lock = acquireLock(lockFile(), folder);
    holdAs(process.ppid, processIdentity(process.ppid) ?? '');
    lock.release();
    expect(statSync(lockFile()).size).toBeGreaterThan(0);
  });
});

describe('LogFile', () => {
  it('keeps the log of the previous run and shows only what this start wrote', () => {
    const log = new LogFile(folder, 'ingest');
    writeFileSync(log.path, 'of the run before\n');
    log.rotate();
    writeFileSync(log.path, 'of the start before\n');
    log.open();
    writeFileSync(log.path, 'one\n\ntwo\n', { flag: 'a' });
    expect(log.tail()).toEqual(['one', 'two']);
    expect(statSync(`${log.path}.1`).size).toBe('of the run before\n'.length);
  });

  it('starts over when it is larger than allowed', () => {
    const log = new LogFile(folder, 'ingest');
    writeFileSync(log.path, 'x'.repeat(100));
    log.limit(100);
    expect(statSync(log.path).size).toBe(100);
    log.limit(99);
    expect(statSync(log.path).size).toBe(0);
  });
});

// The first import of the schemas may take seconds on a busy machine.
describe('checkConfigFile', { timeout: 60_000 }, () => {
  it('needs no file, unless one was asked for by name', async () => {
    expect(await checkConfigFile({ path: configFile(), required: false })).toBe(false);
    await expect(checkConfigFile({ path: configFile(), required: true })).rejects.toMatchObject({
      exitCode: EXIT.invalidSettings,
    });
  });

  it('names path, line and column of every problem', async () => {
    writeFileSync(
      configFile(),
      'scrape_configs:\n  - job_name: shop\n    scrape_interval: soon\n    static_configs: []\n',
    );
    await expect(checkConfigFile({ path: configFile(), required: false })).rejects.toMatchObject({
      exitCode: EXIT.invalidSettings,
      details: [
        expect.stringContaining(`${configFile()}:3:22: `),
        expect.stringContaining(`${configFile()}:4:21: `),
      ],
    });
  });
});
