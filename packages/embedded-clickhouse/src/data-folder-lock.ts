import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The data folder is open in another process, or in another server of this one. */
export class DataFolderLockedError extends Error {
  constructor(folder: string, holder: string) {
    super(`The data folder ${folder} is in use by ${holder}; stop that first or choose another folder.`);
    this.name = 'DataFolderLockedError';
  }
}

const openFolders = new Set<string>();

/**
 * Creates the folder, calls `open`, which must take the engine's lock, and names this process as the one that has the
 * folder open, until `release`. The lock itself is the engine's: the kernel releases it when a process dies, however it
 * dies, so a file left by a killed process never keeps anyone out.
 * Throws DataFolderLockedError where `open` fails because of a living process.
 */
export async function lockDataFolder<T>(dataDir: string, open: () => Promise<T>) {
  const folder = resolve(dataDir);
  if (openFolders.has(folder)) throw new DataFolderLockedError(folder, 'another server of this process');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'server.pid');
  openFolders.add(folder);
  try {
    const opened = await open();
    writeFileSync(file, `${process.pid}\n`);
    const release = (): void => {
      openFolders.delete(folder);
      rmSync(file, { force: true });
    };
    return { opened, release };
  } catch (error) {
    openFolders.delete(folder);
    const holder = livingHolder(file);
    if (holder !== undefined) throw new DataFolderLockedError(folder, `process ${holder}`);
    throw error;
  }
}

function livingHolder(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined;
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}
