import { ByteReader } from '@everflame/bytes';
import { DomainError, type Hash64 } from '@everflame/profile';
import {
  columnReaderFor,
  type ColumnReader,
  type DecodedColumn,
  malformedAnswer,
  MalformedAnswerError,
} from './column-readers.ts';

const MAX_COLUMNS = 256;

/** 64-bit unsigned values as low and high halves. */
export interface UInt64Values {
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
}

/** A cell of a row, by the kind of its column. */
interface Cells {
  readonly string: string;
  readonly number: number;
  readonly uint64: Hash64;
}

/** A whole answer: columns by name. Asking for a column under another type than it has is a bug and throws. */
export class NativeAnswer {
  readonly rows: number;
  readonly #columns: ReadonlyMap<string, DecodedColumn>;

  constructor(rows: number, columns: ReadonlyMap<string, DecodedColumn>) {
    this.rows = rows;
    this.#columns = columns;
  }

  /** Numbers that are exact; throws `value_too_large` when an integer lies beyond ±(2^53 - 1). */
  numbers(name: string): Float64Array {
    return exact(this.#column(name, 'number'));
  }

  /** Numbers rounded to the nearest Float64; `isExact` is false when an integer lies beyond ±(2^53 - 1). */
  roundedNumbers(name: string): { readonly values: Float64Array; readonly isExact: boolean } {
    return this.#column(name, 'number');
  }

  uint64(name: string): UInt64Values {
    return this.#column(name, 'uint64');
  }

  strings(name: string): readonly string[] {
    return this.#column(name, 'string').values;
  }

  /** Per row the range `[offsets[i], offsets[i + 1])` of `lo` and `hi`. */
  uint64Arrays(name: string): UInt64Values & { readonly offsets: Uint32Array } {
    const { offsets, items } = this.#array(name, 'uint64');
    return { offsets, lo: items.lo, hi: items.hi };
  }

  /** Per row the range `[offsets[i], offsets[i + 1])` of `values`; exact, as `numbers`. */
  numberArrays(name: string): { readonly offsets: Uint32Array; readonly values: Float64Array } {
    const { offsets, items } = this.#array(name, 'number');
    return { offsets, values: exact(items) };
  }

  /** Per row the range `[offsets[i], offsets[i + 1])` of `values`. */
  stringArrays(name: string): { readonly offsets: Uint32Array; readonly values: readonly string[] } {
    const { offsets, items } = this.#array(name, 'string');
    return { offsets, values: items.values };
  }

  /** The rows as objects with some of the columns; numbers are exact, as `numbers`. */
  records<K extends Readonly<Record<string, keyof Cells>>>(
    kinds: K,
  ): { readonly [N in keyof K]: Cells[K[N]] }[] {
    const cells = Object.entries(kinds).map(([name, kind]) => [name, this.#cellsOf(name, kind)] as const);
    const record = (row: number): object =>
      Object.fromEntries(cells.map(([name, cellAt]) => [name, cellAt(row)]));
    return Array.from({ length: this.rows }, (_, row) => record(row) as { [N in keyof K]: Cells[K[N]] });
  }

  /** Per row the object of an array of names and one of values. */
  textMaps(namesOf: string, valuesOf: string): Record<string, string>[] {
    const { offsets, values: names } = this.stringArrays(namesOf);
    const { values } = this.stringArrays(valuesOf);
    return Array.from({ length: this.rows }, (_, row) => {
      const start = offsets[row] as number;
      const own = names.slice(start, offsets[row + 1]);
      return Object.fromEntries(own.map((name, i) => [name, values[start + i] as string]));
    });
  }

  #cellsOf(name: string, kind: keyof Cells): (row: number) => unknown {
    if (kind === 'uint64') {
      const { lo, hi } = this.uint64(name);
      return (row) => ({ lo: lo[row], hi: hi[row] });
    }
    const values = kind === 'number' ? this.numbers(name) : this.strings(name);
    return (row) => values[row];
  }

  #array<K extends 'number' | 'uint64' | 'string'>(
    name: string,
    kind: K,
  ): { offsets: Uint32Array; items: Extract<DecodedColumn, { kind: K }> } {
    // An answer without rows may come without a block, hence without columns.
    if (this.rows === 0) return { offsets: new Uint32Array(1), items: ofKind(EMPTY[kind], kind, name) };
    const { offsets, items } = this.#column(name, 'array');
    return { offsets, items: ofKind(items, kind, name) };
  }

  #column<K extends DecodedColumn['kind']>(name: string, kind: K): Extract<DecodedColumn, { kind: K }> {
    const column = this.rows === 0 ? EMPTY[kind] : this.#columns.get(name);
    if (column === undefined) throw new Error(`The answer has no column ${name}.`);
    return ofKind(column, kind, name);
  }
}

const EMPTY: Readonly<Record<DecodedColumn['kind'], DecodedColumn>> = {
  number: { kind: 'number', values: new Float64Array(0), isExact: true },
  uint64: { kind: 'uint64', lo: new Uint32Array(0), hi: new Uint32Array(0) },
  string: { kind: 'string', values: [] },
  array: { kind: 'array', offsets: new Uint32Array(1), items: { kind: 'string', values: [] } },
};

/**
 * Decodes the blocks of a Native answer (see `encodeNativeBlock` for the layout). Bytes that are not whole blocks
 * throw `MalformedAnswerError`; memory stays in proportion to `bytes`.
 */
export function decodeNative(bytes: Uint8Array): NativeAnswer {
  const source = new ByteReader(bytes, malformedAnswer);
  const readers = new Map<string, { readonly type: string; readonly reader: ColumnReader }>();
  let rows = 0;
  while (source.left > 0) {
    const columnCount = source.varint();
    const blockRows = source.varint();
    if (columnCount > MAX_COLUMNS || (columnCount === 0 && blockRows > 0)) {
      throw new MalformedAnswerError('The answer of ClickHouse has no sensible number of columns.');
    }
    for (let i = 0; i < columnCount; i++) readColumn(source, readers, blockRows, rows > 0);
    if (columnCount !== readers.size) throw blocksDiffer();
    rows += blockRows;
  }
  const columns = new Map([...readers].map(([name, { reader }]) => [name, reader.finish()]));
  return new NativeAnswer(rows, columns);
}

function readColumn(
  source: ByteReader,
  readers: Map<string, { readonly type: string; readonly reader: ColumnReader }>,
  rows: number,
  isKnown: boolean,
): void {
  const name = source.text();
  const type = source.text();
  let entry = readers.get(name);
  if (entry === undefined && !isKnown) {
    entry = { type, reader: columnReaderFor(type) };
    readers.set(name, entry);
  }
  if (entry === undefined || entry.type !== type) {
    throw blocksDiffer();
  }
  if (rows > 0) entry.reader.read(source, rows);
}

function blocksDiffer(): MalformedAnswerError {
  return new MalformedAnswerError('The blocks of the answer of ClickHouse differ in their columns.');
}

function exact(column: { readonly values: Float64Array; readonly isExact: boolean }): Float64Array {
  if (!column.isExact) {
    throw new DomainError('too_large', 'value_too_large', 'A value lies beyond 2^53 - 1.', {
      hint: 'Ask for a shorter range or fewer series.',
    });
  }
  return column.values;
}

function ofKind<K extends DecodedColumn['kind']>(
  column: DecodedColumn,
  kind: K,
  name: string,
): Extract<DecodedColumn, { kind: K }> {
  if (column.kind !== kind) throw new Error(`Column ${name} is ${column.kind}, not ${kind}.`);
  return column as Extract<DecodedColumn, { kind: K }>;
}

/** The numbers of the rows by their key, in the order in which keys come first. */
export function rowsBy<K>(keys: readonly K[]): Map<K, number[]> {
  const rows = new Map<K, number[]>();
  for (const [row, key] of keys.entries()) {
    const same = rows.get(key);
    if (same === undefined) rows.set(key, [row]);
    else same.push(row);
  }
  return rows;
}
