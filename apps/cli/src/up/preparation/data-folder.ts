import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FileLock, FileLockedError, type FileLockOptions } from '@everflame/service-kit/file-lock';
import { CommandFailure, EXIT } from '../../exit.ts';

const MIN_FREE_BYTES = 200 * 1024 * 1024;

interface Problem {
  readonly problem: string;
  /** What helps beside another folder. */
  readonly remedy?: string;
}

const NOT_PERMITTED: Problem = {
  problem: `may not be written by this user (uid ${process.getuid?.() ?? '?'})`,
  remedy: 'change its owner',
};
const DISK_FULL: Problem = { problem: 'is full', remedy: 'free some space' };
const NO_FOLDER: Problem = { problem: 'is not a folder' };
/** What the error codes of the file system mean. */
const PROBLEMS: Readonly<Record<string, Problem>> = {
  EACCES: NOT_PERMITTED,
  EPERM: NOT_PERMITTED,
  EROFS: { problem: 'is on a read-only file system' },
  ENOSPC: DISK_FULL,
  EDQUOT: DISK_FULL,
  EEXIST: NO_FOLDER,
  ENOTDIR: NO_FOLDER,
};

/** Where everything of one installation is kept. */
export type DataFolder = Readonly<Awaited<ReturnType<typeof openDataFolder>>>;

/**
 * Creates the data folder (readable by this user only) and its parts.
 * Throws `CommandFailure` (4) with one sentence when it cannot be written or the disk is nearly full.
 */
export async function openDataFolder(path: string, minFreeBytes = MIN_FREE_BYTES) {
  const folder = {
    path,
    clickhouse: join(path, 'clickhouse'),
    redis: join(path, 'redis'),
    /** Profiles that were acknowledged and that ClickHouse does not have yet. */
    spool: join(path, 'spool'),
    logs: join(path, 'logs'),
    lockFile: join(path, 'everflame.lock'),
  };
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const { clickhouse, redis, spool, logs } = folder;
    for (const part of [clickhouse, redis, spool, logs]) mkdirSync(part, { recursive: true });
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new CommandFailure(EXIT.dataFolder, sentenceFor(path, writeProblem(path) ?? error));
  }
  const { bavail, bsize } = await statfs(path);
  const freeBytes = bavail * bsize;
  if (freeBytes < minFreeBytes) {
    throw new CommandFailure(
      EXIT.dataFolder,
      `The disk of the data folder ${path} has ${mebibytes(freeBytes)} free and Everflame needs ${mebibytes(minFreeBytes)} to start: free some space or set EVERFLAME_DATA_DIR to a folder on another disk.`,
    );
  }
  return folder;
}

/**
 * Takes the lock of a data folder. Throws `CommandFailure` (3) that names the process that has it, also when that one is
 * stopping and does not end within `waitMs`.
 */
export async function lockDataFolder(
  { path, lockFile }: Pick<DataFolder, 'path' | 'lockFile'>,
  waiting: Pick<FileLockOptions, 'waitMs' | 'onWait'> = {},
): Promise<FileLock> {
  try {
    return await FileLock.acquire(lockFile, waiting);
  } catch (error) {
    if (!(error instanceof FileLockedError)) throw error;
    throw new CommandFailure(
      EXIT.locked,
      `The data folder ${path} is in use by another Everflame (pid ${error.pid ?? 'unknown'}): stop that one, or set EVERFLAME_DATA_DIR to another folder.`,
    );
  }
}

/** Why nothing can be created at `path`. Recursive mkdir reports a read-only file system as ENOENT. */
function writeProblem(path: string): unknown {
  let existing = path;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK);
    return undefined;
  } catch (error) {
    return error;
  }
}

function sentenceFor(path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const found = PROBLEMS[code] ?? { problem: `cannot be used (${code})` };
  const { problem, remedy } = found;
  const subject = found === DISK_FULL ? 'disk of the data folder' : 'data folder';
  const advice = 'set EVERFLAME_DATA_DIR to a folder that this user can write to';
  return `The ${subject} ${path} ${problem}: ${remedy === undefined ? '' : `${remedy} or `}${advice}.`;
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024)} MiB`;
}
