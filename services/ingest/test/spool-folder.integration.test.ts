import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SpoolFolder } from '../src/adapters/spool-folder.ts';
import { TestFolder } from './support/spool-bench.ts';

describe('the folder of the spool', () => {
  let folder: TestFolder;
  let lockFile: string;
  const children: ChildProcess[] = [];
  const opened: SpoolFolder[] = [];

  beforeEach(() => {
    folder = new TestFolder();
    lockFile = join(folder.path, 'spool.lock');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const each of opened.splice(0)) await each.release();
    folder.dispose();
  });

  const open = async (staleMs?: number): Promise<SpoolFolder> => {
    const spool = await SpoolFolder.open(folder.path, staleMs);
    opened.push(spool);
    return spool;
  };
  const inUse = (): Promise<void> =>
    expect(SpoolFolder.open(folder.path)).rejects.toMatchObject({
      code: 'spool_in_use',
      message: expect.stringMatching(/in use by process \d+/) as string,
    });
  /** A process of another program, and the lock file that it would have written. */
  const otherProcess = async (): Promise<{ child: ChildProcess; lock: string }> => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume(); process.stdout.write("up")']);
    children.push(child);
    await once(child.stdout, 'data');
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const lock = JSON.stringify({ pid: child.pid, identity: `${boot}/${fields[19]}`, host: hostname() });
    return { child, lock };
  };

  it('belongs to one owner in a process at a time', async () => {
    const first = await open();
    await inUse();
    await first.release();
    await open();
  });

  it('is refused while another process has it, and taken over when that one was killed', async () => {
    const { child, lock } = await otherProcess();
    writeFileSync(lockFile, lock);
    await inUse();
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    await open();
    expect(JSON.parse(readFileSync(lockFile, 'utf8'))).toMatchObject({ pid: process.pid });
  });

  it('is taken over from a pid that belongs to another program now', async () => {
    const { lock } = await otherProcess();
    writeFileSync(lockFile, lock.replace(/\/\d+"/, '/1"'));
    await open();
  });

  it('is taken over from another machine only when its heartbeat has stopped', async () => {
    writeFileSync(lockFile, JSON.stringify({ pid: 7, identity: 'x/1', host: 'elsewhere' }));
    // An hour behind the clock here, and alive.
    let atMs = Date.now() - 3_600_000;
    const heartbeat = setInterval(() => utimesSync(lockFile, new Date(atMs), new Date((atMs += 2000))), 100);
    try {
      await inUse();
    } finally {
      clearInterval(heartbeat);
    }
    // An hour ahead, and gone.
    const ahead = new Date(Date.now() + 3_600_000);
    utimesSync(lockFile, ahead, ahead);
    await open(1000);
  });

  it('is taken over from a lock that cannot be read', async () => {
    writeFileSync(lockFile, '{"pid":');
    await open();
  });

  it('leaves no lock behind, and not the lock of another', async () => {
    const first = await open();
    await first.release();
    expect(existsSync(lockFile)).toBe(false);
    const second = await open();
    writeFileSync(lockFile, 'taken over');
    await second.release();
    expect(readFileSync(lockFile, 'utf8')).toBe('taken over');
  });

  it('takes no segment any more when another process took the lock over', async () => {
    const spool = await open();
    await (await spool.create('before.spool')).close();
    writeFileSync(lockFile, 'taken over');
    await expect(spool.create('after.spool')).rejects.toThrow('was taken over');
    expect(folder.segments()).toEqual(['before.spool']);
  });

  it('is named when it cannot be used', async () => {
    const file = join(folder.path, 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o400);
    await expect(SpoolFolder.open(join(file, 'spool'))).rejects.toMatchObject({
      code: 'spool_unusable',
      message: expect.stringContaining('ENOTDIR') as string,
    });
  });

  it('removes what was being written when a process was killed', async () => {
    const spool = await open();
    await spool.setAside('whole.json', Buffer.from('{}'));
    await spool.release();
    writeFileSync(join(folder.path, 'quarantine', 'half.json.tmp'), '{');
    const again = await open();
    expect(folder.quarantine()).toEqual(['whole.json']);
    expect(await again.listAside()).toMatchObject([{ name: 'whole.json', bytes: 2 }]);
  });
});
