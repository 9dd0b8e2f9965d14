import { ByteWriter, grown } from '@everflame/bytes';
import type { SymbolTable } from '../symbol-table.ts';

/** The names of a table as they are sent, cached from the first time on: a table that lives sends its names again and again. */
class NameBytes {
  readonly #symbols: SymbolTable;
  readonly #texts = new ByteWriter(4096);
  /** By symbol; an end of 0 where the name was not written yet. */
  #starts = new Uint32Array(256);
  #ends = new Uint32Array(256);

  constructor(symbols: SymbolTable) {
    this.#symbols = symbols;
  }

  /** Appends the name of a symbol as a text. */
  write(writer: ByteWriter, id: number): void {
    if (!((this.#ends[id] ?? 0) > 0)) this.#add(id);
    writer.append(this.#texts.bytes, this.#starts[id], this.#ends[id]);
  }

  #add(id: number): void {
    if (id >= this.#ends.length) {
      this.#starts = grown(this.#starts, this.#symbols.size);
      this.#ends = grown(this.#ends, this.#symbols.size);
    }
    this.#starts[id] = this.#texts.length;
    this.#texts.text(this.#symbols.name(id));
    this.#ends[id] = this.#texts.length;
  }
}

const cached = new WeakMap<SymbolTable, NameBytes>();

/** Returns the names of a table as bytes; they live as long as the table and take as much memory as its names once more. */
export function nameBytesOf(symbols: SymbolTable): NameBytes {
  const known = cached.get(symbols) ?? new NameBytes(symbols);
  cached.set(symbols, known);
  return known;
}
