/** Function names as small integers. Id 0 is the empty name: the root of a tree and stand-ins for cut nodes. */
export class SymbolTable {
  readonly #names: string[] = [''];
  readonly #files: string[] = [''];
  readonly #ids = new Map<string, number>([['', 0]]);

  /** The id of a name, new or known. A name keeps the first file that is not empty. */
  intern(name: string, file = ''): number {
    const known = this.#ids.get(name);
    if (known === undefined) {
      const id = this.#names.length;
      this.#names.push(name);
      this.#files.push(file);
      this.#ids.set(name, id);
      return id;
    }
    if (file !== '' && known !== 0 && this.#files[known] === '') this.#files[known] = file;
    return known;
  }

  /** The id of a name, or undefined when it was never interned. */
  find(name: string): number | undefined {
    return this.#ids.get(name);
  }

  /** '' for an id that does not exist. */
  name(id: number): string {
    return this.#names[id] ?? '';
  }

  /** Source file, '' where unknown. */
  file(id: number): string {
    return this.#files[id] ?? '';
  }

  /** Number of ids, the empty name included. */
  get size(): number {
    return this.#names.length;
  }
}

/** Interns every symbol of `from` into `into`; the result maps ids of `from` to ids of `into`. */
export function mergeSymbols(into: SymbolTable, from: SymbolTable): Uint32Array {
  const ids = new Uint32Array(from.size);
  for (let id = 0; id < ids.length; id++) ids[id] = into.intern(from.name(id), from.file(id));
  return ids;
}
