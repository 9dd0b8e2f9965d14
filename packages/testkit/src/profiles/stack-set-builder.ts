import { SymbolTable, type Stacks } from '@everflame/flamegraph';

/** Collects stacks one by one. */
export class StackSetBuilder {
  readonly symbols: SymbolTable;
  readonly #isDiff: boolean;
  readonly #offsets = [0];
  readonly #frames: number[] = [];
  readonly #left: number[] = [];
  readonly #right: number[] = [];

  constructor(symbols: SymbolTable = new SymbolTable(), options: { isDiff?: boolean } = {}) {
    this.symbols = symbols;
    this.#isDiff = options.isDiff ?? false;
  }

  /** Adds `frames[from .. to]`, symbol ids leaf first. `right` counts only in a diff. */
  add(frames: ArrayLike<number>, left: number, right = 0, from = 0, to = frames.length): void {
    for (let index = from; index < to; index++) this.#frames.push(frames[index] as number);
    this.#left.push(left);
    this.#right.push(right);
    this.#offsets.push(this.#frames.length);
  }

  /** The stacks so far; the builder can be used further. */
  build(): Stacks<SymbolTable> {
    return {
      symbols: this.symbols,
      offsets: Uint32Array.from(this.#offsets),
      frames: Uint32Array.from(this.#frames),
      left: Float64Array.from(this.#left),
      ...(this.#isDiff && { right: Float64Array.from(this.#right) }),
    };
  }
}
