import { readFileSync } from 'node:fs';
import { everflameFileSchema, type EverflameFile } from '@everflame/contract';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import { InvalidConfigError } from './env.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** Reads `everflame.yaml`; throws `InvalidConfigError` with problems that name the file, line and column. */
export function readEverflameFile(path: string): EverflameFile {
  return parseEverflameFile(readConfigBytes(path).toString('utf8'), path);
}

/** The bytes of a configuration file; throws `InvalidConfigError` where it cannot be read. */
export function readConfigBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidConfigError([`${path}: cannot be read (${reason})`]);
  }
}

/** Parses the text of `everflame.yaml`; throws `InvalidConfigError` with one `path:line:column: problem` per problem. */
export function parseEverflameFile(text: string, path: string): EverflameFile {
  if (text.length > MAX_FILE_BYTES)
    throw new InvalidConfigError([`${path}: larger than ${MAX_FILE_BYTES} bytes`]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new InvalidConfigError(
      document.errors.map((error) => `${position(path, lines, error.pos[0])}: ${firstLine(error.message)}`),
    );
  }
  const parsed = everflameFileSchema.safeParse(toPlain(document, path) ?? {});
  if (parsed.success) return parsed.data;
  throw new InvalidConfigError(
    parsed.error.issues.map((issue) => {
      const key = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
      const where = issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
      return `${position(path, lines, offsetOf(document, issue.path, key))}: ${where}${issue.message}`;
    }),
  );
}

function toPlain(document: Document.Parsed, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new InvalidConfigError([`${path}: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

/** Start of the node at `path`, or of its nearest parent that exists; a key of its own when `key` is given. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], key: string | undefined): number {
  const full = key === undefined ? path : [...path, key];
  for (let length = full.length; length >= 0; length--) {
    const node = document.getIn(full.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function position(path: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${path}:${line}:${col}`;
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}
