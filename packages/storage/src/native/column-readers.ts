import type { ByteReader } from '@everflame/bytes';
import { DomainError } from '@everflame/profile';

const TWO_POW_32 = 4_294_967_296;

/** A decoded column. 64-bit ids stay in halves; every other number is a Float64. */
export type DecodedColumn =
  | { readonly kind: 'number'; readonly values: Float64Array; readonly isExact: boolean }
  | { readonly kind: 'uint64'; readonly lo: Uint32Array; readonly hi: Uint32Array }
  | { readonly kind: 'string'; readonly values: string[] }
  | { readonly kind: 'array'; readonly offsets: Uint32Array; readonly items: DecodedColumn };

/** Collects one column over all blocks of an answer. */
export interface ColumnReader {
  read(source: ByteReader, rows: number): void;
  finish(): DecodedColumn;
}

const INT64 = 'Int64';

type ReadNumber = (view: DataView, offset: number) => number;

const FIXED: Readonly<Record<string, readonly [bytes: number, read: ReadNumber]>> = {
  UInt8: [1, (view, offset) => view.getUint8(offset)],
  Bool: [1, (view, offset) => view.getUint8(offset)],
  Int8: [1, (view, offset) => view.getInt8(offset)],
  Enum8: [1, (view, offset) => view.getInt8(offset)],
  UInt16: [2, (view, offset) => view.getUint16(offset, true)],
  Date: [2, (view, offset) => view.getUint16(offset, true)],
  Int16: [2, (view, offset) => view.getInt16(offset, true)],
  UInt32: [4, (view, offset) => view.getUint32(offset, true)],
  DateTime: [4, (view, offset) => view.getUint32(offset, true)],
  Int32: [4, (view, offset) => view.getInt32(offset, true)],
  Float32: [4, (view, offset) => view.getFloat32(offset, true)],
  Float64: [8, (view, offset) => view.getFloat64(offset, true)],
  // The nearest Float64: beyond 2^53 the low bits are rounded away and the column is marked.
  [INT64]: [8, (view, offset) => view.getInt32(offset + 4, true) * TWO_POW_32 + view.getUint32(offset, true)],
};

/** The reader for a ClickHouse type; throws `MalformedAnswerError` for one that the read side never selects. */
export function columnReaderFor(type: string, depth = 0): ColumnReader {
  if (type === 'UInt64') return new UInt64Reader();
  if (type === 'String') return new StringReader();
  if (type.startsWith('Array(') && type.endsWith(')') && depth < 3) {
    return new ArrayReader(columnReaderFor(type.slice(6, -1), depth + 1));
  }
  const bare = type.startsWith('DateTime64(') ? INT64 : type.replace(/\(.*$/s, '');
  const fixed = Object.hasOwn(FIXED, bare) ? FIXED[bare] : undefined;
  if (fixed === undefined) {
    throw new MalformedAnswerError(`ClickHouse answered with the type ${type.slice(0, 80)}.`);
  }
  return new NumberReader(...fixed, bare === INT64);
}

class NumberReader implements ColumnReader {
  readonly #chunks: Float64Array[] = [];
  readonly #bytes: number;
  readonly #read: ReadNumber;
  readonly #mayRound: boolean;

  constructor(bytes: number, read: ReadNumber, mayRound: boolean) {
    this.#bytes = bytes;
    this.#read = read;
    this.#mayRound = mayRound;
  }

  read(source: ByteReader, rows: number): void {
    const view = source.fixed(rows * this.#bytes);
    const values = new Float64Array(rows);
    for (let i = 0; i < rows; i++) values[i] = this.#read(view, i * this.#bytes);
    this.#chunks.push(values);
  }

  finish(): DecodedColumn {
    const values = concat<Float64Array>(this.#chunks, Float64Array);
    const isExact = !this.#mayRound || values.every((value) => Number.isSafeInteger(value));
    return { kind: 'number', values, isExact };
  }
}

class UInt64Reader implements ColumnReader {
  readonly #lo: Uint32Array[] = [];
  readonly #hi: Uint32Array[] = [];

  read(source: ByteReader, rows: number): void {
    const view = source.fixed(rows * 8);
    const lo = new Uint32Array(rows);
    const hi = new Uint32Array(rows);
    for (let i = 0; i < rows; i++) {
      lo[i] = view.getUint32(i * 8, true);
      hi[i] = view.getUint32(i * 8 + 4, true);
    }
    this.#lo.push(lo);
    this.#hi.push(hi);
  }

  finish(): DecodedColumn {
    return {
      kind: 'uint64',
      lo: joinUInt32(this.#lo),
      hi: joinUInt32(this.#hi),
    };
  }
}

class StringReader implements ColumnReader {
  readonly #values: string[] = [];

  read(source: ByteReader, rows: number): void {
    for (let i = 0; i < rows; i++) this.#values.push(source.text());
  }

  finish(): DecodedColumn {
    return { kind: 'string', values: this.#values };
  }
}

class ArrayReader implements ColumnReader {
  readonly #items: ColumnReader;
  readonly #offsets: Uint32Array[] = [Uint32Array.of(0)];
  #itemCount = 0;

  constructor(items: ColumnReader) {
    this.#items = items;
  }

  read(source: ByteReader, rows: number): void {
    const view = source.fixed(rows * 8);
    const offsets = new Uint32Array(rows);
    let previous = 0;
    for (let i = 0; i < rows; i++) {
      const offset = view.getUint32(i * 8, true);
      // Every item takes a byte at least, so a larger offset cannot be true.
      if (view.getUint32(i * 8 + 4, true) !== 0 || offset < previous || offset > source.left) {
        throw new MalformedAnswerError('Array offsets in the answer of ClickHouse are out of order.');
      }
      offsets[i] = this.#itemCount + offset;
      previous = offset;
    }
    this.#items.read(source, previous);
    this.#offsets.push(offsets);
    this.#itemCount += previous;
  }

  finish(): DecodedColumn {
    const offsets = joinUInt32(this.#offsets);
    return { kind: 'array', offsets, items: this.#items.finish() };
  }
}

/** Joins arrays; a single one is not copied. */
export function joinUInt32(parts: readonly Uint32Array[]): Uint32Array {
  return concat<Uint32Array>(parts, Uint32Array);
}

/** Joins arrays of one type, which `Type` makes. */
function concat<T extends Float64Array | Uint32Array>(
  chunks: readonly T[],
  Type: new (length: number) => T,
): T {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const all = new Type(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}

/** The database answered with bytes that are not a Native block. */
export class MalformedAnswerError extends DomainError {
  constructor(message: string) {
    super('unavailable', 'storage_malformed_answer', message, {
      hint: 'Ask again; if it persists, look at the ClickHouse log.',
    });
  }
}

/** Returns the error for an answer of which the reader of its bytes says what is wrong. */
export function malformedAnswer(what: string): MalformedAnswerError {
  return new MalformedAnswerError(`The answer of ClickHouse is no Native block: ${what}.`);
}
