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
 * Names the process that has a data folder open. The lock itself is the engine's: the kernel releases it when a process
 * dies, however it dies, so a file left by a killed process never keeps anyone out.
 */
export class DataFolderLock {
  readonly #folder: string;
  readonly #file: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#file = join(folder, 'server.pid');
  }

  /**
   * Creates the folder and calls `open`, which must take the engine's lock.
   * Throws DataFolderLockedError where that fails because of a living process.
   */
  static async acquire<T>(dataDir: string, open: () => Promise<T>) {
    const folder = resolve(dataDir);
    if (openFolders.has(folder)) throw new DataFolderLockedError(folder, 'another server of this process');
    mkdirSync(folder, { recursive: true });
    const lock = new DataFolderLock(folder);
    openFolders.add(folder);
    try {
      const opened = await open();
      writeFileSync(lock.#file, `${process.pid}\n`);
      return { lock, opened };
    } catch (error) {
      openFolders.delete(folder);
      const holder = lock.#livingHolder();
      if (holder !== undefined) throw new DataFolderLockedError(folder, `process ${holder}`);
      throw error;
    }
  }

  release(): void {
    openFolders.delete(this.#folder);
    rmSync(this.#file, { force: true });
  }

  #livingHolder(): number | undefined {
    try {
      const pid = Number(readFileSync(this.#file, 'utf8'));
      if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined;
      process.kill(pid, 0);
      return pid;
    } catch {
      return undefined;
    }
  }
}
