import { SymbolTable } from './symbol-table.ts';

/**
 * Stacks with their values. Stack `i` has the frames `frames[offsets[i] .. offsets[i + 1]]`, **leaf first**.
 * `right` is present for a diff: `left` is before, `right` after. The same stack may occur more than once.
 */
export interface StackSet {
  readonly symbols: SymbolTable;
  /** One more than there are stacks. */
  readonly offsets: Uint32Array;
  /** Symbol ids, leaf first. */
  readonly frames: Uint32Array;
  readonly left: Float64Array;
  readonly right?: Float64Array;
}

/** Collects stacks one by one into a `StackSet`. */
export class StackSetBuilder {
  readonly symbols: SymbolTable;
  readonly #isDiff: boolean;
  #count = 0;
  #frameCount = 0;
  #offsets = new Uint32Array(257);
  #frames = new Uint32Array(4096);
  #left = new Float64Array(256);
  #right = new Float64Array(256);

  constructor(symbols: SymbolTable = new SymbolTable(), options: { isDiff?: boolean } = {}) {
    this.symbols = symbols;
    this.#isDiff = options.isDiff ?? false;
  }

  /** Adds `frames[from .. to]`, symbol ids leaf first. `right` counts only in a diff. */
  add(frames: ArrayLike<number>, left: number, right = 0, from = 0, to = frames.length): void {
    this.#reserve(to - from);
    for (let index = from; index < to; index++) this.#frames[this.#frameCount++] = frames[index] as number;
    this.#left[this.#count] = left;
    this.#right[this.#count] = right;
    this.#offsets[++this.#count] = this.#frameCount;
  }

  /** The stacks so far; the builder can be used further. */
  build(): StackSet {
    const base = {
      symbols: this.symbols,
      offsets: this.#offsets.slice(0, this.#count + 1),
      frames: this.#frames.slice(0, this.#frameCount),
      left: this.#left.slice(0, this.#count),
    };
    return this.#isDiff ? { ...base, right: this.#right.slice(0, this.#count) } : base;
  }

  #reserve(frameCount: number): void {
    if (this.#count + 1 >= this.#left.length) {
      const capacity = this.#left.length * 2;
      this.#offsets = grown(this.#offsets, new Uint32Array(capacity + 1));
      this.#left = grown(this.#left, new Float64Array(capacity));
      this.#right = grown(this.#right, new Float64Array(capacity));
    }
    if (this.#frameCount + frameCount > this.#frames.length) {
      const capacity = Math.max(this.#frames.length * 2, this.#frameCount + frameCount);
      this.#frames = grown(this.#frames, new Uint32Array(capacity));
    }
  }
}

function grown<T extends Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** Multiplies each side by a factor, as a normalisation does. */
export function scaleStacks(stacks: StackSet, leftFactor: number, rightFactor = 1): StackSet {
  const left = stacks.left.map((value) => value * leftFactor);
  if (stacks.right === undefined) return { ...stacks, left };
  return { ...stacks, left, right: stacks.right.map((value) => value * rightFactor) };
}
