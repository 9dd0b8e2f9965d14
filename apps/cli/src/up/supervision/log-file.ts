import {
  closeSync,
  copyFileSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';

const TAIL_BYTES = 64 * 1024;
const TAIL_LINES = 20;

/** The log of one process, `NAME.log`; the one before is kept as `NAME.log.1`. */
export class LogFile {
  readonly path: string;
  #startOffset = 0;

  constructor(folder: string, name: string) {
    this.path = join(folder, `${name}.log`);
  }

  /** Puts the log of the previous run aside. */
  rotate(): void {
    try {
      renameSync(this.path, this.#previous);
    } catch {
      // There is none yet.
    }
  }

  /** Opens the log to append; the caller closes the descriptor. `tail` shows what is written from here on. */
  open(): number {
    const descriptor = openSync(this.path, 'a', 0o600);
    this.#startOffset = fstatSync(descriptor).size;
    return descriptor;
  }

  /** Starts over when larger than `maxBytes`. Writers keep their descriptors, as they append. */
  limit(maxBytes: number): void {
    if (this.#size() <= maxBytes) return;
    copyFileSync(this.path, this.#previous);
    truncateSync(this.path);
    this.#startOffset = 0;
  }

  /** The last lines written since `open`. */
  tail(): string[] {
    const end = this.#size();
    const begin = Math.max(this.#startOffset, end - TAIL_BYTES);
    if (end <= begin) return [];
    const bytes = Buffer.alloc(end - begin);
    const descriptor = openSync(this.path, 'r');
    try {
      readSync(descriptor, bytes, 0, bytes.length, begin);
    } finally {
      closeSync(descriptor);
    }
    return bytes
      .toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-TAIL_LINES);
  }

  get #previous(): string {
    return `${this.path}.1`;
  }

  #size(): number {
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }
}
