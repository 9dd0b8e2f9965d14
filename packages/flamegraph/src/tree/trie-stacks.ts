import type { StackSet } from '../stack-set.ts';
import type { SymbolTable } from '../symbol-table.ts';
import type { PathTrie } from './path-trie.ts';

/** Stacks by the node of a trie where each ends, with their values. */
export interface Leaves {
  readonly symbols: SymbolTable;
  readonly trie: PathTrie;
  /** A node may occur more than once. */
  readonly nodes: Uint32Array;
  readonly left: Float64Array;
  readonly right?: Float64Array | undefined;
  /** As in `Stacks`. */
  readonly exact?: BigInt64Array | undefined;
  readonly exactRight?: BigInt64Array | undefined;
}

// Not a property: what is made from such stacks with other frames must not look as if it lay on the trie too.
const known = new WeakMap<StackSet, Leaves>();

/**
 * Stacks that lie on a trie, in the order of `nodes`. Their frames are read from the trie when they are first asked
 * for: a call tree is built without them.
 */
export function trieStacks(leaves: Leaves): StackSet {
  const { symbols, left, right, exact, exactRight } = leaves;
  let frames: Pick<StackSet, 'offsets' | 'frames'> | undefined;
  const stacks = {
    symbols,
    left,
    get offsets() {
      return (frames ??= framesOf(leaves)).offsets;
    },
    get frames() {
      return (frames ??= framesOf(leaves)).frames;
    },
    ...(right && { right }),
    ...(exact && { exact }),
    ...(exactRight && { exactRight }),
  };
  known.set(stacks, leaves);
  return stacks;
}

/** Where the stacks end, if they lie on a trie. */
export function leavesOf(stacks: StackSet): Leaves | undefined {
  return known.get(stacks);
}

/** The same stacks with other values, one per stack. */
export function withValues(stacks: StackSet, values: Pick<StackSet, 'left' | 'right'>): StackSet {
  const leaves = known.get(stacks);
  if (leaves === undefined) {
    const { symbols, offsets, frames } = stacks;
    return { symbols, offsets, frames, ...values };
  }
  const { symbols, trie, nodes } = leaves;
  return trieStacks({ symbols, trie, nodes, ...values });
}

/** The leaves at and below the node of a path of names, root first; undefined when it leads nowhere. */
export function leavesBelow(leaves: Leaves, path: readonly string[]): Leaves | undefined {
  if (path.length === 0) return leaves;
  const { symbols, trie, nodes, left, right } = leaves;
  let top = 0;
  for (const name of path) {
    const symbol = symbols.find(name);
    if (symbol === undefined) return undefined;
    top = trie.find(top, symbol);
    if (top < 0) return undefined;
  }
  const { parent } = trie;
  const below: number[] = [];
  for (let stack = 0; stack < nodes.length; stack++) {
    let at = nodes[stack] as number;
    // A parent comes before its children, so that its number is smaller.
    while (at > top) at = parent[at] as number;
    if (at === top) below.push(stack);
  }
  if (below.length === 0) return undefined;
  const pick = (values: Float64Array): Float64Array =>
    Float64Array.from(below, (stack) => values[stack] as number);
  return {
    symbols,
    trie,
    nodes: Uint32Array.from(below, (stack) => nodes[stack] as number),
    left: pick(left),
    right: right && pick(right),
  };
}

/** The nodes that matter for some leaves, parents first and the root as 0, perhaps with others among them. */
export interface NodeView {
  readonly count: number;
  readonly parent: Int32Array;
  /** Where each leaf is. */
  readonly places: Uint32Array;
  /** Nodes of the trie; absent where they have the same numbers. */
  readonly ids?: Uint32Array | undefined;
}

/** With more leaves than one per so many nodes, passes over the whole trie cost less than finding the paths of the leaves. */
const NODES_PER_LEAF = 50;

export function viewNodes({ trie, nodes }: Leaves): NodeView {
  if (nodes.length * NODES_PER_LEAF > trie.count) {
    return { count: trie.count, parent: trie.parent, places: nodes };
  }
  return viewPaths(trie, nodes);
}

/** The nodes on the paths of the leaves and no others. */
export function viewPaths(trie: PathTrie, nodes: Uint32Array): NodeView & { readonly ids: Uint32Array } {
  const marks = trie.marks();
  let found: Uint32Array = new Uint32Array(1);
  try {
    found = markPaths(trie, nodes, marks);
    const parent = new Int32Array(found.length);
    parent[0] = -1;
    for (let index = 1; index < found.length; index++) {
      parent[index] = (marks[trie.parent[found[index] as number] as number] as number) - 1;
    }
    const places = nodes.map((node) => (marks[node] as number) - 1);
    return { count: found.length, parent, places, ids: found };
  } finally {
    for (const node of found) marks[node] = 0;
  }
}

/** The nodes from the root to all of `nodes`, parents first, each marked with its place in the result + 1. */
function markPaths(trie: PathTrie, nodes: Uint32Array, marks: Uint32Array): Uint32Array {
  const { parent } = trie;
  let found: Uint32Array = new Uint32Array(Math.min(trie.count, nodes.length * 12 + 64));
  let count = 1;
  marks[0] = 1;
  for (const leaf of nodes) {
    let missing = 0;
    for (let at = leaf; marks[at] === 0; at = parent[at] as number) missing++;
    if (missing === 0) continue;
    if (count + missing > found.length) found = grown(found, count + missing);
    count += missing;
    let into = count;
    for (let at = leaf; marks[at] === 0; at = parent[at] as number) {
      marks[at] = into--;
      found[into] = at;
    }
  }
  return found.subarray(0, count);
}

function grown(from: Uint32Array, size: number): Uint32Array {
  const into = new Uint32Array(Math.max(from.length * 2, size));
  into.set(from);
  return into;
}

function framesOf({ trie, nodes }: Leaves): Pick<StackSet, 'offsets' | 'frames'> {
  const { parent, symbol } = trie;
  const offsets = new Uint32Array(nodes.length + 1);
  for (let stack = 0; stack < nodes.length; stack++) {
    let depth = 0;
    for (let at = nodes[stack] as number; at > 0; at = parent[at] as number) depth++;
    offsets[stack + 1] = (offsets[stack] as number) + depth;
  }
  const frames = new Uint32Array(offsets[nodes.length] as number);
  let into = 0;
  for (const leaf of nodes) {
    for (let at = leaf; at > 0; at = parent[at] as number) frames[into++] = symbol[at] as number;
  }
  return { offsets, frames };
}
