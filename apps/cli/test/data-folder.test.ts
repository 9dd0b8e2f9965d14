import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT } from '../src/exit.ts';
import { lockDataFolder, openDataFolder } from '../src/up/preparation/data-folder.ts';
import { LogFile } from '../src/up/supervision/log-file.ts';
import { checkConfigFile } from '../src/up/preparation/prepare.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'everflame-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

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

describe('lockDataFolder', () => {
  it('names the living process that holds it', async () => {
    const lockFile = join(folder, 'everflame.lock');
    const lock = await lockDataFolder({ path: folder, lockFile });
    await expect(lockDataFolder({ path: folder, lockFile })).rejects.toMatchObject({
      exitCode: EXIT.locked,
      message: expect.stringContaining(`in use by another Everflame (pid ${process.pid})`),
    });
    lock.release();
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
