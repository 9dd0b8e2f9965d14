import type { SymbolTable } from './symbol-table.ts';
import type { PathTrie } from './tree/path-trie.ts';

/** What the numbers of frames stand for. Ids are dense from 0. */
export interface FrameNames {
  readonly size: number;
  name(id: number): string;
  /** Source file, '' where unknown. */
  file(id: number): string;
}

/** Values of stacks, an element per stack. The same stack may occur more than once. */
export interface StackValues {
  readonly left: Float64Array;
  /** Present for a diff: `left` is before, `right` after. */
  readonly right?: Float64Array | undefined;
  /** The values themselves where a double does not hold all of them; parallel to `left` and `right`. */
  readonly exact?: BigInt64Array | undefined;
  readonly exactRight?: BigInt64Array | undefined;
}

/** Stacks by their frames. Stack `i` has the frames `frames[offsets[i] .. offsets[i + 1]]`, **leaf first**. */
export interface Stacks<Names extends FrameNames> extends StackValues {
  readonly symbols: Names;
  /** One more than there are stacks. */
  readonly offsets: Uint32Array;
  /** Symbol ids, leaf first. */
  readonly frames: Uint32Array;
}

/** Stacks by the node of a trie where each ends; a trie knows what they share, so that nobody has to sort them. */
export interface TrieStacks extends StackValues {
  readonly symbols: SymbolTable;
  readonly trie: PathTrie;
  readonly nodes: Uint32Array;
}

/** Stacks of functions. */
export type StackSet = Stacks<SymbolTable> | TrieStacks;

/** The stacks with their frames, which are read from the trie where they lie on one. */
export function readFrames<Names extends FrameNames>(
  stacks: Stacks<Names> | TrieStacks,
): Stacks<Names | SymbolTable> {
  if (!('trie' in stacks)) return stacks;
  const { trie, nodes, ...values } = stacks;
  const { parent, symbol } = trie;
  const offsets = new Uint32Array(nodes.length + 1);
  for (let stack = 0; stack < nodes.length; stack++) {
    let depth = 0;
    for (let node = nodes[stack] as number; node > 0; node = parent[node] as number) depth++;
    offsets[stack + 1] = (offsets[stack] as number) + depth;
  }
  const frames = new Uint32Array(offsets[nodes.length] as number);
  let into = 0;
  for (let stack = 0; stack < nodes.length; stack++) {
    for (let node = nodes[stack] as number; node > 0; node = parent[node] as number) {
      frames[into++] = symbol[node] as number;
    }
  }
  return { ...values, offsets, frames };
}

/** Returns the elements at the indexes, in that order. */
export function pickDoubles(values: Float64Array, indexes: ArrayLike<number>): Float64Array {
  return Float64Array.from(indexes, (index) => values[index] as number);
}

/** Multiplies each side by a factor, as a normalisation does; the products are doubles. */
export function scaleStacks(stacks: StackSet, leftFactor: number, rightFactor = 1): StackSet {
  const left = stacks.left.map((value) => value * leftFactor);
  const right = stacks.right?.map((value) => value * rightFactor);
  return { ...stacks, left, right, exact: undefined, exactRight: undefined };
}

/** The stacks with their frames the other way round: the tree of these is that of the callers. */
export function reverseStacks(stacks: StackSet): StackSet {
  const plain = readFrames(stacks);
  const frames = plain.frames.slice();
  for (let stack = 0; stack < plain.left.length; stack++) {
    frames.subarray(plain.offsets[stack], plain.offsets[stack + 1]).reverse();
  }
  return { ...plain, frames };
}
