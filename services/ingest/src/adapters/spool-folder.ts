import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
} from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '@everflame/profile';
import { FileLock, FileLockedError } from '@everflame/service-kit';
import { type AppendFile, type SpoolFile, SpoolFiles } from '../application/spool/spool-files.ts';

const LOCK_FILE = 'spool.lock';
/** A lock of another machine or container, whose processes cannot be seen, is given up when no heartbeat comes for so long. */
const STALE_MS = 15_000;
const QUARANTINE = 'quarantine';
const TEMPORARY = '.tmp';
const FILE_MODE = 0o600;

/** The spool's folder in the file system, owned by this process. */
export class SpoolFolder extends SpoolFiles {
  readonly #folder: string;
  readonly #quarantine: string;
  readonly #lock: FileLock;

  private constructor(folder: string, lock: FileLock) {
    super();
    this.#folder = folder;
    this.#quarantine = join(folder, QUARANTINE);
    this.#lock = lock;
  }

  /**
   * Creates the folder and takes its lock. Throws `spool_in_use` while another process has it, and `spool_unusable`
   * where it cannot be written. `staleMs` is how long a heartbeat of another machine is waited for.
   */
  static async open(path: string, staleMs = STALE_MS): Promise<SpoolFolder> {
    try {
      await mkdir(join(path, QUARANTINE), { recursive: true, mode: 0o700 });
      const folder = new SpoolFolder(path, await FileLock.acquire(join(path, LOCK_FILE), { staleMs }));
      await folder.#removeTemporary();
      return folder;
    } catch (error) {
      throw openingError(path, error);
    }
  }

  override async create(name: string): Promise<AppendFile> {
    await this.#lock.verify();
    const file = await open(join(this.#folder, name), 'wx', FILE_MODE);
    try {
      await syncFolder(this.#folder);
    } catch (error) {
      await file.close();
      await rm(join(this.#folder, name), { force: true });
      throw error;
    }
    return appendTo(file);
  }

  override list(): Promise<readonly SpoolFile[]> {
    return filesIn(this.#folder);
  }

  override read(name: string): Promise<Buffer> {
    return readFile(join(this.#folder, name));
  }

  override truncate(name: string, bytes: number): Promise<void> {
    return truncate(join(this.#folder, name), bytes);
  }

  override async remove(name: string): Promise<void> {
    await rm(join(this.#folder, name), { force: true });
    await syncFolder(this.#folder);
  }

  override async setAside(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#quarantine, name);
    const draft = await open(`${path}${TEMPORARY}`, 'w', FILE_MODE);
    try {
      await draft.writeFile(bytes);
      await draft.sync();
    } finally {
      await draft.close();
    }
    await rename(`${path}${TEMPORARY}`, path);
    await syncFolder(this.#quarantine);
  }

  override async moveAside(name: string): Promise<void> {
    try {
      await rename(join(this.#folder, name), join(this.#quarantine, name));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    await syncFolder(this.#quarantine);
    await syncFolder(this.#folder);
  }

  override listAside(): Promise<readonly SpoolFile[]> {
    return filesIn(this.#quarantine);
  }

  override async removeAside(name: string): Promise<void> {
    await rm(join(this.#quarantine, name), { force: true });
    await syncFolder(this.#quarantine);
  }

  override async release(): Promise<void> {
    this.#lock.release();
  }

  async #removeTemporary(): Promise<void> {
    for (const folder of [this.#folder, this.#quarantine]) {
      for (const { name } of await filesIn(folder)) {
        if (name.endsWith(TEMPORARY)) await rm(join(folder, name), { force: true });
      }
    }
  }
}

function appendTo(file: FileHandle): AppendFile {
  return {
    write: async (bytes, position) => {
      let written = 0;
      // A disk that fills up takes a part and says why with the next write.
      while (written < bytes.length) {
        const rest = bytes.length - written;
        const { bytesWritten } = await file.write(bytes, written, rest, position + written);
        written += bytesWritten;
      }
    },
    sync: () => file.datasync(),
    truncate: (bytes) => file.truncate(bytes),
    close: () => file.close(),
  };
}

/** New and removed names are durable only with the folder that holds them. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function filesIn(folder: string): Promise<readonly SpoolFile[]> {
  const files: SpoolFile[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { size, mtimeMs } = await stat(join(folder, entry.name));
    files.push({ name: entry.name, bytes: size, modifiedMs: mtimeMs });
  }
  return files;
}

function openingError(path: string, error: unknown): DomainError {
  if (error instanceof FileLockedError) {
    const message = `The spool folder ${path} is in use by ${error.holder}.`;
    return new DomainError('conflict', 'spool_in_use', message, {
      hint: 'Stop that process, or give every ingest service an INGEST_SPOOL_DIR of its own.',
    });
  }
  const message = `The spool folder ${path} cannot be used (${codeOf(error)}).`;
  return new DomainError('conflict', 'spool_unusable', message, {
    hint: 'Set INGEST_SPOOL_DIR to a folder on a local disk that this user can write to.',
    cause: error,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
