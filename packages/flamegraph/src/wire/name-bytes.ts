import type { SymbolTable } from '../symbol-table.ts';
import { ByteWriter } from './varint.ts';

/** The names of a table as they are sent, kept from the first time on: a table that lives sends its names again and again. */
class NameBytes {
  readonly #symbols: SymbolTable;
  #bytes = new Uint8Array(4096);
  #used = 0;
  /** By symbol; an end of 0 where the name was not written yet. */
  #starts = new Uint32Array(256);
  #ends = new Uint32Array(256);

  constructor(symbols: SymbolTable) {
    this.#symbols = symbols;
  }

  /** Appends the name of a symbol as a text. */
  write(writer: ByteWriter, id: number): void {
    if (!((this.#ends[id] ?? 0) > 0)) this.#add(id);
    writer.copy(this.#bytes, this.#starts[id] as number, this.#ends[id] as number);
  }

  #add(id: number): void {
    const name = this.#symbols.name(id);
    const writer = new ByteWriter(new Uint8Array(name.length + 8));
    writer.text(name);
    const text = writer.finish();
    const end = this.#used + text.length;
    if (end > this.#bytes.length)
      this.#bytes = grown(this.#bytes, new Uint8Array(Math.max(end, this.#bytes.length * 2)));
    if (id >= this.#ends.length) {
      const capacity = Math.max(this.#symbols.size, this.#ends.length * 2);
      this.#starts = grown(this.#starts, new Uint32Array(capacity));
      this.#ends = grown(this.#ends, new Uint32Array(capacity));
    }
    this.#bytes.set(text, this.#used);
    this.#starts[id] = this.#used;
    this.#ends[id] = end;
    this.#used = end;
  }
}

const kept = new WeakMap<SymbolTable, NameBytes>();

/** The names of a table as bytes; they live as long as the table and take as much memory as its names once more. */
export function nameBytesOf(symbols: SymbolTable): NameBytes {
  const known = kept.get(symbols) ?? new NameBytes(symbols);
  kept.set(symbols, known);
  return known;
}

function grown<T extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(from: T, into: T): T {
  into.set(from);
  return into;
}
