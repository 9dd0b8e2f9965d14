import { ByteWriter, Uint32List } from '@everflame/bytes';
import { InvalidArgumentError } from '@everflame/profile';

const TWO_POW_32 = 4_294_967_296;

/**
 * One column of a Native block being built. Values are held in the layout ClickHouse reads (little-endian,
 * as every platform Node runs on), so that writing the block is copying.
 */
export interface NativeColumn {
  /** ClickHouse type name, as written into the block. */
  readonly type: string;
  readonly rows: number;
  readonly byteLength: number;
  writeTo(writer: ByteWriter): void;
}

abstract class WordColumn implements NativeColumn {
  abstract readonly type: string;
  protected readonly words = new Uint32List(64);
  readonly #wordsPerRow: number;

  constructor(wordsPerRow: number) {
    this.#wordsPerRow = wordsPerRow;
  }

  get rows(): number {
    return this.words.length / this.#wordsPerRow;
  }

  get byteLength(): number {
    return this.words.length * 4;
  }

  /** Appends rows in the layout of the column. */
  pushBytes(bytes: Uint8Array): void {
    this.words.pushBytes(bytes);
  }

  writeTo(writer: ByteWriter): void {
    writer.append(this.words.view());
  }
}

export class UInt32Column extends WordColumn {
  readonly type: string;

  constructor(type: 'UInt32' | "DateTime('UTC')" = 'UInt32') {
    super(1);
    this.type = type;
  }

  push(value: number): void {
    this.words.push(value);
  }
}

export class UInt64Column extends WordColumn {
  readonly type = 'UInt64';

  constructor() {
    super(2);
  }

  push(lo: number, hi: number): void {
    this.words.pushPair(lo, hi);
  }
}

/** Signed 64-bit integers given as safe integers; anything else throws `InvalidArgumentError`. */
export class Int64Column extends WordColumn {
  readonly type: string;

  constructor(type = 'Int64') {
    super(2);
    this.type = type;
  }

  push(value: number): void {
    if (!Number.isSafeInteger(value)) throw new InvalidArgumentError(`${value} is not a safe integer.`);
    this.words.pushPair(value >>> 0, Math.floor(value / TWO_POW_32) >>> 0);
  }

  pushAll(values: Float64Array): void {
    this.words.reserve(values.length * 2);
    for (const value of values) this.push(value);
  }
}

/** Milliseconds since 1970 UTC. */
export class DateTime64Column extends Int64Column {
  constructor() {
    super("DateTime64(3, 'UTC')");
  }
}

abstract class ByteColumn implements NativeColumn {
  abstract readonly type: string;
  abstract readonly rows: number;
  protected readonly bytes = new ByteWriter(256);

  get byteLength(): number {
    return this.bytes.length;
  }

  writeTo(writer: ByteWriter): void {
    writer.append(this.bytes.view());
  }
}

/** 8-bit values; `type` may be an Enum8 with positive codes. */
export class UInt8Column extends ByteColumn {
  readonly type: string;

  constructor(type = 'UInt8') {
    super();
    this.type = type;
  }

  get rows(): number {
    return this.bytes.length;
  }

  push(value: number): void {
    this.bytes.byte(value);
  }
}

/** 16-bit values; `Date` is days since 1970. */
export class UInt16Column extends ByteColumn {
  readonly type: 'UInt16' | 'Date';

  constructor(type: 'UInt16' | 'Date' = 'UInt16') {
    super();
    this.type = type;
  }

  get rows(): number {
    return this.bytes.length / 2;
  }

  push(value: number): void {
    this.bytes.byte(value & 0xff);
    this.bytes.byte((value >>> 8) & 0xff);
  }
}

/** Text. ClickHouse converts it to `LowCardinality(String)` on insert where the table says so. */
export class StringColumn extends ByteColumn {
  readonly type = 'String';
  #rows = 0;

  get rows(): number {
    return this.#rows;
  }

  push(text: string): void {
    this.bytes.text(text);
    this.#rows++;
  }

  /** Appends `rows` texts, each UTF-8 bytes after their length as varuint. */
  pushEncoded(bytes: Uint8Array, rows: number): void {
    this.bytes.append(bytes);
    this.#rows += rows;
  }
}

/** `Array(T)`: append to `items`, then close the row with `endRow()`. */
export class ArrayColumn<T extends NativeColumn> implements NativeColumn {
  readonly items: T;
  readonly #offsets = new UInt64Column();

  constructor(items: T) {
    this.items = items;
  }

  get type(): string {
    return `Array(${this.items.type})`;
  }

  get rows(): number {
    return this.#offsets.rows;
  }

  get byteLength(): number {
    return this.#offsets.byteLength + this.items.byteLength;
  }

  endRow(): void {
    this.#offsets.push(this.items.rows, 0);
  }

  /** Ends rows of these sizes; their items are the last ones that were appended. */
  endRows(sizes: Uint32Array): void {
    let end = this.items.rows;
    for (const size of sizes) end -= size;
    for (const size of sizes) this.#offsets.push((end += size), 0);
  }

  writeTo(writer: ByteWriter): void {
    this.#offsets.writeTo(writer);
    this.items.writeTo(writer);
  }
}

/** `Map(String, String)`, one call per row. */
export class StringMapColumn implements NativeColumn {
  readonly type = 'Map(String, String)';
  readonly #offsets = new UInt64Column();
  readonly #keys = new StringColumn();
  readonly #values = new StringColumn();

  get rows(): number {
    return this.#offsets.rows;
  }

  get byteLength(): number {
    return this.#offsets.byteLength + this.#keys.byteLength + this.#values.byteLength;
  }

  push(entries: readonly (readonly [key: string, value: string])[]): void {
    for (const [key, value] of entries) {
      this.#keys.push(key);
      this.#values.push(value);
    }
    this.#offsets.push(this.#keys.rows, 0);
  }

  writeTo(writer: ByteWriter): void {
    this.#offsets.writeTo(writer);
    this.#keys.writeTo(writer);
    this.#values.writeTo(writer);
  }
}

/** Columns by the name they have in the table, all with the same number of rows. */
export type NativeColumns = Readonly<Record<string, NativeColumn>>;

/**
 * Writes one block of ClickHouse's Native format as the HTTP interface takes it: number of columns and rows as
 * varuint, then per column its name, its type and its values
 * (https://clickhouse.com/docs/interfaces/formats/Native).
 */
export function encodeNativeBlock(columns: NativeColumns): Buffer {
  const entries = Object.entries(columns);
  const rows = entries[0]?.[1].rows ?? 0;
  let bytes = 16;
  for (const [name, column] of entries) {
    if (column.rows !== rows) throw new Error(`Column ${name} has ${column.rows} rows instead of ${rows}.`);
    bytes += column.byteLength + name.length * 3 + column.type.length * 3 + 16;
  }
  const writer = new ByteWriter(bytes);
  writer.varint(entries.length);
  writer.varint(rows);
  for (const [name, column] of entries) {
    writer.text(name);
    writer.text(column.type);
    column.writeTo(writer);
  }
  return Buffer.from(writer.bytes.buffer, 0, writer.length);
}
