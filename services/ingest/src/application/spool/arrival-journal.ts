import type { Logger } from '@everflame/service-kit';
import type { AppendFile, SpoolFiles } from './spool-files.ts';

/** A file that is longer is replaced by one with what still counts. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;
const NAME = /^arrivals-(\d{16})\.log$/;

interface Entry {
  readonly line: string;
  /** All lines that still count, for a file that begins anew. */
  readonly snapshot: () => readonly string[];
  readonly resolve: () => void;
}

/**
 * Lines of text in a file of the spool's folder, all that came in meanwhile with one write and one sync. What a kill cuts
 * off is one line, of which nobody was told. A file that failed is not written again: the next line begins another.
 */
export class ArrivalJournal {
  readonly #files: SpoolFiles;
  readonly #logger: Logger;
  #file: AppendFile | undefined;
  #name = '';
  #bytes = 0;
  #sequence: number;
  /** Files whose lines the current one is going to have. */
  readonly #outdated: string[];
  #queue: Entry[] = [];
  #running: Promise<void> | undefined;

  private constructor(files: SpoolFiles, logger: Logger, names: readonly string[]) {
    this.#files = files;
    this.#logger = logger;
    this.#outdated = [...names];
    this.#sequence = Math.max(0, ...names.map((name) => Number(NAME.exec(name)?.[1])));
  }

  /** The journal of a folder, and the lines that are there, in their order. */
  static async open(files: SpoolFiles, logger: Logger) {
    const names = (await files.list()).map(({ name }) => name).filter((name) => NAME.test(name));
    const texts = await Promise.all(names.toSorted().map((name) => files.read(name)));
    const lines = texts.flatMap((text) => text.toString('latin1').split('\n'));
    return { journal: new ArrivalJournal(files, logger, names), lines };
  }

  /** Resolves when the line is on disk, or cannot be written there; never rejects. */
  add(line: string, snapshot: () => readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push({ line, snapshot, resolve });
      this.#running ??= this.#run();
    });
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const entries = this.#queue;
      this.#queue = [];
      await this.#write(entries).catch((error: unknown) => this.#giveUp(error));
      for (const { resolve } of entries) resolve();
    }
    this.#running = undefined;
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    if (this.#bytes > MAX_FILE_BYTES) await this.#end();
    const isNew = this.#file === undefined;
    const file = this.#file ?? (await this.#begin());
    const lines = isNew ? (entries.at(-1)?.snapshot() ?? []) : entries.map(({ line }) => line);
    const block = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');
    await file.write(block, this.#bytes);
    await file.sync();
    this.#bytes += block.length;
    for (const name of this.#outdated.splice(0)) await this.#files.remove(name);
  }

  async #begin(): Promise<AppendFile> {
    this.#sequence += 1;
    this.#name = `arrivals-${String(this.#sequence).padStart(16, '0')}.log`;
    this.#bytes = 0;
    this.#file = await this.#files.create(this.#name);
    return this.#file;
  }

  async #end(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#bytes = 0;
    if (file === undefined) return;
    this.#outdated.push(this.#name);
    await file.close();
  }

  async #giveUp(error: unknown): Promise<void> {
    this.#logger.warn(
      { err: error },
      'noting when pushes arrived failed: one that is repeated after a restart may count twice',
    );
    await this.#end().catch(() => undefined);
  }
}
