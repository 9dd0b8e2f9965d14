import { SymbolTable } from './symbol-table.ts';
import { withValues } from './tree/trie-stacks.ts';

/** What the numbers of frames stand for. Ids are dense from 0. */
export interface FrameNames {
  readonly size: number;
  name(id: number): string;
  /** Source file, '' where unknown. */
  file(id: number): string;
}

/**
 * Stacks with their values. Stack `i` has the frames `frames[offsets[i] .. offsets[i + 1]]`, **leaf first**.
 * `right` is present for a diff: `left` is before, `right` after. The same stack may occur more than once.
 */
export interface Stacks<Names extends FrameNames> {
  readonly symbols: Names;
  /** One more than there are stacks. */
  readonly offsets: Uint32Array;
  /** Symbol ids, leaf first. */
  readonly frames: Uint32Array;
  readonly left: Float64Array;
  readonly right?: Float64Array;
  /** The values themselves where a double does not hold all of them; parallel to `left` and `right`. */
  readonly exact?: BigInt64Array;
  readonly exactRight?: BigInt64Array;
}

/** Stacks of functions. */
export type StackSet = Stacks<SymbolTable>;

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

/** Multiplies each side by a factor, as a normalisation does; the products are doubles. */
export function scaleStacks(stacks: StackSet, leftFactor: number, rightFactor = 1): StackSet {
  const left = stacks.left.map((value) => value * leftFactor);
  if (stacks.right === undefined) return withValues(stacks, { left });
  return withValues(stacks, { left, right: stacks.right.map((value) => value * rightFactor) });
}

/** The stacks with their frames the other way round: the tree of these is that of the callers. */
export function reverseStacks<S extends Stacks<FrameNames>>(stacks: S): S {
  const frames = stacks.frames.slice();
  for (let stack = 0; stack < stacks.left.length; stack++) {
    frames.subarray(stacks.offsets[stack], stacks.offsets[stack + 1]).reverse();
  }
  return { ...stacks, frames };
}
