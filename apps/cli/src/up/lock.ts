import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandFailure, EXIT } from '../exit.ts';
import { processIdentity } from './process-identity.ts';

const ATTEMPTS = 5;
const POLL_MS = 100;

/** Proof that this process alone uses a data folder. */
export interface Lock {
  /** Whether the lock was left behind by a run that did not end in order. */
  readonly wasStale: boolean;
  /** Tells who comes next that waiting is worth it. */
  markStopping(): void;
  release(): void;
}

interface Holder {
  readonly pid: number;
  readonly identity: string;
  readonly isStopping?: boolean;
}

/** Like `acquireLock`, but waits up to `waitMs` for a holder that is stopping already. */
export async function acquireLockSoon(
  file: string,
  folder: string,
  { waitMs, onWait }: { waitMs: number; onWait: () => void },
): Promise<Lock> {
  const deadline = performance.now() + waitMs;
  if (isHeldByStopping(file)) onWait();
  while (isHeldByStopping(file) && performance.now() < deadline) await delay(POLL_MS);
  return acquireLock(file, folder);
}

/**
 * Takes the lock of a data folder. A lock of a process that is gone, or whose pid now belongs to another program,
 * is taken over; one that is held ends in `CommandFailure` (3) that names the pid.
 */
export function acquireLock(file: string, folder: string): Lock {
  const self: Holder = { pid: process.pid, identity: processIdentity(process.pid) ?? '' };
  const mine = JSON.stringify(self);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, mine, { mode: 0o600 });
  try {
    let wasStale = false;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (linkIfAbsent(draft, file)) {
        return {
          wasStale,
          markStopping: () => replaceOwn(file, self, { ...self, isStopping: true }),
          release: () => release(file, self),
        };
      }
      const found = readIfPresent(file);
      if (found === undefined) continue;
      const holder = parseHolder(found);
      if (holder !== undefined && isRunning(holder)) throw heldBy(holder.pid, folder);
      removeIfStill(file, found);
      wasStale = true;
    }
    throw new CommandFailure(EXIT.locked, `The lock ${file} changes hands all the time; try again.`);
  } finally {
    rmSync(draft, { force: true });
  }
}

function isRunning(holder: Holder): boolean {
  return holder.pid !== process.pid && processIdentity(holder.pid) === holder.identity;
}

function heldBy(pid: number, folder: string): CommandFailure {
  return new CommandFailure(
    EXIT.locked,
    `The data folder ${folder} is in use by another Everflame (pid ${pid}): stop that one, or set EVERFLAME_DATA_DIR to another folder.`,
  );
}

function linkIfAbsent(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
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

/** Removes the lock unless another process took it over in the meantime; then that one gets it back. */
function removeIfStill(file: string, content: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (readIfPresent(aside) !== content) linkIfAbsent(aside, file);
  rmSync(aside, { force: true });
}

function isHeldByStopping(file: string): boolean {
  const holder = parseHolder(readIfPresent(file) ?? '');
  return holder !== undefined && holder.isStopping === true && isRunning(holder);
}

function isOwn(file: string, mine: Holder): boolean {
  const holder = parseHolder(readIfPresent(file) ?? '');
  return holder?.pid === mine.pid && holder.identity === mine.identity;
}

function replaceOwn(file: string, mine: Holder, next: Holder): void {
  if (!isOwn(file, mine)) return;
  writeFileSync(`${file}.${mine.pid}`, JSON.stringify(next), { mode: 0o600 });
  renameSync(`${file}.${mine.pid}`, file);
}

function release(file: string, mine: Holder): void {
  if (isOwn(file, mine)) rmSync(file, { force: true });
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, identity, isStopping } = value as Partial<Holder>;
    if (typeof pid !== 'number' || typeof identity !== 'string') return undefined;
    return { pid, identity, isStopping: isStopping === true };
  } catch {
    return undefined;
  }
}
