import { mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { refuse } from '../exception.ts';
import { stringLiteral } from './session-settings.ts';
import type { InsertWithRows } from '../statements/statement.ts';

/**
 * Rows on their way into a table. The engine reads them from a file: data inline in a statement is cut at the first
 * empty line, which binary formats contain. `FROM INFILE` keeps the meaning of deduplication tokens and of the format.
 */
export class InsertSpool {
  readonly #folder: string;
  readonly #maxBytes: number;
  #nextFile = 0;

  private constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** Opens the folder for spooled rows in `dataDir`, without what a killed process left there. */
  static async open(dataDir: string, maxBytes: number): Promise<InsertSpool> {
    const folder = join(dataDir, 'insert-spool');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    return new InsertSpool(folder, maxBytes);
  }

  /** Writes `head` and then `rows` to a file, hands its path and size to `use`, and removes it in any case. */
  async withFile<T>(
    head: Buffer,
    rows: Readable | undefined,
    use: (path: string, bytes: number) => Promise<T>,
  ): Promise<T> {
    const path = join(this.#folder, `${this.#nextFile++}.rows`);
    // A stream that opened the file itself could do so after it is removed.
    const file = await open(path, 'w');
    try {
      await pipeline(this.#bounded(head, rows), file.createWriteStream());
      const { size } = await stat(path);
      return await use(path, size);
    } finally {
      await rm(path, { force: true });
    }
  }

  async *#bounded(head: Buffer, rows: Readable | undefined): AsyncGenerator<Buffer> {
    let bytes = 0;
    for await (const chunk of chunks(head, rows)) {
      bytes += chunk.length;
      if (bytes > this.#maxBytes) throw bodyTooLarge(this.#maxBytes);
      yield chunk;
    }
  }
}

/** The refusal of a body beyond its bound. */
export function bodyTooLarge(maxBytes: number): Error {
  return refuse('LIMIT_EXCEEDED', `The request body is larger than ${maxBytes} bytes.`, 413);
}

/** The INSERT that reads its rows from `path` instead of from behind the statement. */
export function insertFromFile(sql: Buffer, insert: InsertWithRows, path: string): string {
  const target = sql.subarray(0, insert.targetEnd).toString('utf8');
  const settings =
    insert.settings === undefined
      ? ''
      : sql.subarray(insert.settings.start, insert.settings.end).toString('utf8').trimEnd();
  return `${target}\nFROM INFILE ${stringLiteral(path)} COMPRESSION 'none'\n${settings}\nFORMAT ${insert.format}`;
}

async function* chunks(head: Buffer, rows: Readable | undefined): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  if (rows === undefined) return;
  // Not destroyed where the rows are refused halfway: the refusal still has to travel over the same socket.
  for await (const chunk of rows.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
}
