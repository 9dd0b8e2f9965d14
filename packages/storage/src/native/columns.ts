import { InvalidArgumentError } from '@everflame/profile';
import { ByteSink } from './byte-sink.ts';

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
  writeTo(sink: ByteSink): void;
}

/** Growing array of 32-bit words: one per UInt32, two (low, high) per 64-bit value. */
class Words {
  #words = new Uint32Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(word: number): void {
    this.reserve(1);
    this.#words[this.#length++] = word;
  }

  pushPair(lo: number, hi: number): void {
    this.reserve(2);
    this.#words[this.#length++] = lo;
    this.#words[this.#length++] = hi;
  }

  reserve(extra: number): void {
    const needed = this.#length + extra;
    if (needed <= this.#words.length) return;
    const grown = new Uint32Array(Math.max(needed, this.#words.length * 2));
    grown.set(this.#words.subarray(0, this.#length));
    this.#words = grown;
  }

  /** Appends little-endian words; `bytes` need not be aligned. */
  pushBytes(bytes: Uint8Array): void {
    const count = bytes.length / 4;
    this.reserve(count);
    new Uint8Array(this.#words.buffer, this.#length * 4, bytes.length).set(bytes);
    this.#length += count;
  }

  view(): Uint8Array {
    return new Uint8Array(this.#words.buffer, 0, this.#length * 4);
  }
}

abstract class WordColumn implements NativeColumn {
  abstract readonly type: string;
  protected readonly words = new Words();
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

  writeTo(sink: ByteSink): void {
    sink.writeBytes(this.words.view());
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

  pushAll(lo: Uint32Array, hi: Uint32Array): void {
    this.words.reserve(lo.length * 2);
    for (let i = 0; i < lo.length; i++) this.words.pushPair(lo[i] ?? 0, hi[i] ?? 0);
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

/** 8-bit values; `type` may be an Enum8 with positive codes. */
export class UInt8Column implements NativeColumn {
  readonly type: string;
  readonly #bytes = new ByteSink();

  constructor(type = 'UInt8') {
    this.type = type;
  }

  get rows(): number {
    return this.#bytes.length;
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  push(value: number): void {
    this.#bytes.writeByte(value);
  }

  writeTo(sink: ByteSink): void {
    sink.writeBytes(this.#bytes.view());
  }
}

/** 16-bit values; `Date` is days since 1970. */
export class UInt16Column implements NativeColumn {
  readonly type: 'UInt16' | 'Date';
  readonly #bytes = new ByteSink();

  constructor(type: 'UInt16' | 'Date' = 'UInt16') {
    this.type = type;
  }

  get rows(): number {
    return this.#bytes.length / 2;
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  push(value: number): void {
    this.#bytes.writeByte(value & 0xff);
    this.#bytes.writeByte((value >>> 8) & 0xff);
  }

  writeTo(sink: ByteSink): void {
    sink.writeBytes(this.#bytes.view());
  }
}

/** Text. ClickHouse converts it to `LowCardinality(String)` on insert where the table says so. */
export class StringColumn implements NativeColumn {
  readonly type = 'String';
  readonly #bytes = new ByteSink();
  #rows = 0;

  get rows(): number {
    return this.#rows;
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  push(text: string): void {
    this.#bytes.writeString(text);
    this.#rows++;
  }

  /** Appends `rows` texts, each UTF-8 bytes after their length as varuint. */
  pushEncoded(bytes: Uint8Array, rows: number): void {
    this.#bytes.writeBytes(bytes);
    this.#rows += rows;
  }

  writeTo(sink: ByteSink): void {
    sink.writeBytes(this.#bytes.view());
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

  writeTo(sink: ByteSink): void {
    this.#offsets.writeTo(sink);
    this.items.writeTo(sink);
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

  writeTo(sink: ByteSink): void {
    this.#offsets.writeTo(sink);
    this.#keys.writeTo(sink);
    this.#values.writeTo(sink);
  }
}
