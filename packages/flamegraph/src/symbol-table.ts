/** A point in the growth of a table. */
export interface SymbolPoint {
  readonly size: number;
  readonly lateFiles: number;
}

/** Names with their files in order of their ids, and before them those whose file was not known earlier. */
export interface SymbolChanges {
  readonly names: readonly string[];
  readonly files: readonly string[];
  readonly upTo: SymbolPoint;
}

/** Function names as small integers. Id 0 is the empty name: the root of a tree and stand-ins for cut nodes. */
export class SymbolTable {
  readonly #names: string[] = [''];
  readonly #files: number[] = [0];
  readonly #fileNames: string[] = [''];
  readonly #fileIds = new Map<string, number>([['', 0]]);
  readonly #ids = new Map<string, number>([['', 0]]);
  readonly #lateFiles: number[] = [];

  /** The id of a name, new or known. A name keeps the first file that is not empty. */
  intern(name: string, file = ''): number {
    const known = this.#ids.get(name);
    if (known === undefined) {
      const id = this.#names.length;
      this.#names.push(name);
      this.#files.push(this.#internFile(file));
      this.#ids.set(name, id);
      return id;
    }
    if (file !== '' && known !== 0 && this.#files[known] === 0) {
      this.#files[known] = this.#internFile(file);
      this.#lateFiles.push(known);
    }
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
    return this.#fileNames[this.#files[id] ?? 0] ?? '';
  }

  /** The same as a small integer, dense from 0 for ''; what `fileName` takes. */
  fileId(id: number): number {
    return this.#files[id] ?? 0;
  }

  fileName(fileId: number): string {
    return this.#fileNames[fileId] ?? '';
  }

  /** Number of files, '' included. */
  get fileCount(): number {
    return this.#fileNames.length;
  }

  /** Number of ids, the empty name included. */
  get size(): number {
    return this.#names.length;
  }

  /** What came after a point in time, for a table elsewhere that has what came before it. */
  changesSince({ size, lateFiles }: SymbolPoint): SymbolChanges {
    const ids = this.#lateFiles.slice(lateFiles).filter((id) => id < size);
    for (let id = size; id < this.size; id++) ids.push(id);
    return {
      names: ids.map((id) => this.name(id)),
      files: ids.map((id) => this.file(id)),
      upTo: { size: this.size, lateFiles: this.#lateFiles.length },
    };
  }

  /** Interns what another table's `changesSince` told. */
  apply({ names, files, upTo }: SymbolChanges): void {
    names.forEach((name, index) => this.intern(name, files[index]));
    if (this.size !== upTo.size) throw new Error(`There are ${this.size} symbols instead of ${upTo.size}.`);
  }

  #internFile(file: string): number {
    const known = this.#fileIds.get(file);
    if (known !== undefined) return known;
    const id = this.#fileNames.push(file) - 1;
    this.#fileIds.set(file, id);
    return id;
  }
}

/** Interns every symbol of `from` into `into`; the result maps ids of `from` to ids of `into`. */
export function mergeSymbols(into: SymbolTable, from: SymbolTable): Uint32Array {
  const ids = new Uint32Array(from.size);
  for (let id = 0; id < ids.length; id++) ids[id] = into.intern(from.name(id), from.file(id));
  return ids;
}
