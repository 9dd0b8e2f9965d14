import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const ATTEMPTS = 5;
const POLL_MS = 100;
const HEARTBEAT_MS = 2000;
/** Fields of /proc/PID/stat after the command name: state is 0, start time in clock ticks since boot is 19. */
const STAT_STATE = 0;
const STAT_START_TIME = 19;

/** Another process holds the lock. */
export class FileLockedError extends Error {
  /** Names who holds it, such as `process 12 on db-1`. */
  readonly holder: string;
  readonly pid: number | undefined;

  constructor(file: string, holder: string, pid?: number) {
    super(`The lock ${file} is held by ${holder}.`);
    this.name = 'FileLockedError';
    this.holder = holder;
    this.pid = pid;
  }
}

export interface FileLockOptions {
  /**
   * A holder on another machine or in another container, whose processes cannot be seen, counts as gone when it gives no
   * sign of life for so long; with 0, the default, at once.
   */
  readonly staleMs?: number;
  /** How long a holder that said that it is stopping is waited for; `onWait` is called when that begins. */
  readonly waitMs?: number;
  readonly onWait?: () => void;
}

interface Holder {
  readonly pid: number;
  /** Tells two processes apart that had the same pid. */
  readonly identity: string;
  readonly host: string;
  readonly isStopping?: boolean;
}

/**
 * Proof that whoever has it uses something alone, such as a folder, as long as all others ask for the same file. A lock
 * that a killed process left behind, or whose pid now belongs to another program, is taken over.
 */
export class FileLock {
  /** Whether the lock was left behind by a process that did not end in order. */
  readonly wasStale: boolean;
  readonly #file: string;
  readonly #heartbeat: NodeJS.Timeout;
  #content: string;

  private constructor(file: string, content: string, wasStale: boolean) {
    this.#file = file;
    this.#content = content;
    this.wasStale = wasStale;
    this.#heartbeat = setInterval(() => {
      const now = new Date();
      utimes(file, now, now).catch(() => undefined);
    }, HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  /** Throws `FileLockedError` while another process has the lock, or another owner in this one. */
  static async acquire(file: string, options: FileLockOptions = {}): Promise<FileLock> {
    const self: Holder = { pid: process.pid, identity: identityOf(process.pid) ?? '', host: hostname() };
    const content = JSON.stringify(self);
    const draft = `${file}.${randomUUID()}.tmp`;
    writeFileSync(draft, content, { mode: 0o600 });
    try {
      const waits = waiting(options);
      let wasStale = false;
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (linkIfAbsent(draft, file)) return new FileLock(file, content, wasStale);
        await waits(file);
        const found = readIfPresent(file);
        if (found === undefined) continue;
        const holder = parseHolder(found);
        if (holder !== undefined && (await isHeld(holder, file, options.staleMs ?? 0))) {
          throw new FileLockedError(file, nameOf(holder), holder.pid);
        }
        removeIfStill(file, found);
        wasStale = true;
      }
      throw new FileLockedError(file, 'processes that start at the same time');
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** Tells who comes next that waiting is worth it. */
  markStopping(): void {
    const holder = parseHolder(this.#content);
    if (holder === undefined || !this.#isOwn()) return;
    this.#content = JSON.stringify({ ...holder, isStopping: true });
    const draft = `${this.#file}.${randomUUID()}.tmp`;
    writeFileSync(draft, this.#content, { mode: 0o600 });
    renameSync(draft, this.#file);
  }

  /** Throws when another process has taken the lock over, because this one stood still for so long. */
  async verify(): Promise<void> {
    const content = await readFile(this.#file, 'utf8').catch(() => undefined);
    if (content !== this.#content) throw new Error(`the lock ${this.#file} was taken over`);
  }

  release(): void {
    clearInterval(this.#heartbeat);
    if (this.#isOwn()) rmSync(this.#file, { force: true });
  }

  #isOwn(): boolean {
    return readIfPresent(this.#file) === this.#content;
  }
}

/** Returns what waits, the first time that it is called, for a holder that is stopping. */
function waiting({ waitMs = 0, onWait }: FileLockOptions): (file: string) => Promise<void> {
  const deadline = performance.now() + waitMs;
  let isAnnounced = false;
  return async (file) => {
    while (performance.now() < deadline && isHeldByStopping(file)) {
      if (!isAnnounced) onWait?.();
      isAnnounced = true;
      await sleep(POLL_MS);
    }
  };
}

function isHeldByStopping(file: string): boolean {
  const holder = parseHolder(readIfPresent(file) ?? '');
  return holder?.isStopping === true && holder.host === hostname() && isRunning(holder);
}

async function isHeld(holder: Holder, file: string, staleMs: number): Promise<boolean> {
  return holder.host === hostname() ? isRunning(holder) : hasHeartbeat(file, staleMs);
}

function isRunning({ pid, identity }: Holder): boolean {
  return identityOf(pid) === identity;
}

/** Waits for a sign of life. Its time is not compared with the clock here: either machine's may be wrong, or was set. */
async function hasHeartbeat(file: string, staleMs: number): Promise<boolean> {
  const before = modifiedMs(file);
  for (const deadline = performance.now() + staleMs; performance.now() < deadline;) {
    await sleep(Math.min(HEARTBEAT_MS, staleMs) / 4);
    const now = modifiedMs(file);
    if (now !== before) return now !== undefined;
  }
  return false;
}

function modifiedMs(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

/** Removes the lock unless another process took it over in the meantime; then that one gets it back. */
function removeIfStill(file: string, content: string): void {
  const aside = `${file}.${randomUUID()}.tmp`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (readIfPresent(aside) !== content) linkIfAbsent(aside, file);
  rmSync(aside, { force: true });
}

function linkIfAbsent(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Without a host, as earlier versions wrote some locks, the holder is on this one. */
function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, identity, host = hostname(), isStopping } = JSON.parse(text) as Partial<Holder>;
    const isHolder = typeof pid === 'number' && typeof identity === 'string' && typeof host === 'string';
    return isHolder ? { pid, identity, host, isStopping: isStopping === true } : undefined;
  } catch {
    return undefined;
  }
}

function nameOf({ pid, host }: Holder): string {
  return host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`;
}

/**
 * Returns text that differs between two processes that had the same pid, or nothing when no process has it: on Linux
 * boot and start time, elsewhere what ps says about the start.
 */
function identityOf(pid: number): string | undefined {
  try {
    return process.platform === 'linux' ? linuxIdentity(pid) : startFromPs(pid);
  } catch {
    return undefined;
  }
}

function linuxIdentity(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[STAT_STATE] === 'Z') return undefined;
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${boot}/${fields[STAT_START_TIME] ?? ''}`;
}

function startFromPs(pid: number): string | undefined {
  return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
}
