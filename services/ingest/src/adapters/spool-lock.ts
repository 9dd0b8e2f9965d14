import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { link, readFile, realpath, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '@everflame/profile';

const LOCK_FILE = 'spool.lock';
const ATTEMPTS = 5;
const HEARTBEAT_MS = 2000;
/** A lock of another machine or container, whose processes cannot be seen, is given up when no heartbeat comes for so long. */
export const STALE_MS = 15_000;
/** Fields of /proc/PID/stat after the command name: state is 0, start time in clock ticks since boot is 19. */
const STAT_STATE = 0;
const STAT_START_TIME = 19;

interface Holder {
  readonly pid: number;
  /** Tells two processes apart that had the same pid. */
  readonly identity: string;
  readonly host: string;
}

/** Folders that this process has open; the lock file cannot tell its own process from itself. */
const openFolders = new Set<string>();

/** Proof that this process alone uses a spool folder. A lock that a killed process left is taken over. */
export class SpoolLock {
  readonly #folder: string;
  readonly #file: string;
  readonly #content: string;
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(folder: string, file: string, content: string) {
    this.#folder = folder;
    this.#file = file;
    this.#content = content;
    this.#heartbeat = setInterval(() => {
      const now = new Date();
      utimes(file, now, now).catch(() => undefined);
    }, HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  /** Throws `DomainError` `spool_in_use`, which names the holder. */
  static async acquire(path: string, staleMs: number): Promise<SpoolLock> {
    const folder = await realpath(path);
    if (openFolders.has(folder)) throw inUse(folder, `process ${process.pid}`);
    openFolders.add(folder);
    try {
      return await take(folder, staleMs, (file, content) => new SpoolLock(folder, file, content));
    } catch (error) {
      openFolders.delete(folder);
      throw error;
    }
  }

  /** Throws when another process has taken the lock over, because this one stood still for so long. */
  async verify(): Promise<void> {
    if ((await contentOf(this.#file)) !== this.#content)
      throw new Error(`the lock ${this.#file} was taken over`);
  }

  async release(): Promise<void> {
    clearInterval(this.#heartbeat);
    if ((await contentOf(this.#file)) === this.#content) await rm(this.#file, { force: true });
    openFolders.delete(this.#folder);
  }
}

async function take(
  folder: string,
  staleMs: number,
  hold: (file: string, content: string) => SpoolLock,
): Promise<SpoolLock> {
  const file = join(folder, LOCK_FILE);
  const self: Holder = { pid: process.pid, identity: identityOf(process.pid) ?? '', host: hostname() };
  const content = JSON.stringify(self);
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, content, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await linkIfAbsent(draft, file)) return hold(file, content);
      const found = await contentOf(file);
      if (found === undefined) continue;
      const holder = parseHolder(found);
      if (holder !== undefined && (await isHeld(holder, file, staleMs))) {
        throw inUse(folder, `process ${holder.pid}${holder.host === self.host ? '' : ` on ${holder.host}`}`);
      }
      await removeIfStill(file, found);
    }
    throw inUse(folder, 'processes that start at the same time');
  } finally {
    await rm(draft, { force: true });
  }
}

async function isHeld(holder: Holder, file: string, staleMs: number): Promise<boolean> {
  if (holder.host === hostname()) return identityOf(holder.pid) === holder.identity;
  return hasHeartbeat(file, staleMs);
}

/** Waits for a sign of life. Its time is not compared with the clock here: either machine's may be wrong, or was set. */
async function hasHeartbeat(file: string, staleMs: number): Promise<boolean> {
  const before = await modifiedMs(file);
  for (const deadline = performance.now() + staleMs; performance.now() < deadline;) {
    await sleep(Math.min(HEARTBEAT_MS, staleMs) / 4);
    const now = await modifiedMs(file);
    if (now !== before) return now !== undefined;
  }
  return false;
}

async function modifiedMs(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch {
    return undefined;
  }
}

/** Removes the lock unless another process took it over in the meantime; then that one gets it back. */
async function removeIfStill(file: string, content: string): Promise<void> {
  const aside = `${file}.${process.pid}.stale.tmp`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  if ((await contentOf(aside)) !== content) await linkIfAbsent(aside, file);
  await rm(aside, { force: true });
}

async function linkIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function contentOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, identity, host } = JSON.parse(text) as Partial<Holder>;
    const isHolder = typeof pid === 'number' && typeof identity === 'string' && typeof host === 'string';
    return isHolder ? { pid, identity, host } : undefined;
  } catch {
    return undefined;
  }
}

/** Text that differs between two processes that had the same pid, or nothing when no process has it. */
function identityOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      return (
        execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
      );
    }
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    if (fields[STAT_STATE] === 'Z') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${fields[STAT_START_TIME] ?? ''}`;
  } catch {
    return undefined;
  }
}

function inUse(folder: string, holder: string): DomainError {
  return new DomainError('conflict', 'spool_in_use', `The spool folder ${folder} is in use by ${holder}.`, {
    hint: 'Stop that process, or give every ingest service an INGEST_SPOOL_DIR of its own.',
  });
}
