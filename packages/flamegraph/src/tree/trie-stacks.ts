import type { StackSet } from '../stack-set.ts';
import type { SymbolTable } from '../symbol-table.ts';
import type { PathTrie } from './path-trie.ts';
import type { Scratch } from './scratch.ts';

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

export function viewNodes({ trie, nodes }: Leaves, scratch: Scratch): NodeView {
  if (nodes.length * NODES_PER_LEAF > trie.count) {
    return { count: trie.count, parent: trie.parent, places: nodes };
  }
  return viewPaths(trie, nodes, scratch);
}

/** The nodes on the paths of the leaves and no others. */
export function viewPaths(
  trie: PathTrie,
  nodes: Uint32Array,
  scratch: Scratch,
): NodeView & { readonly ids: Uint32Array } {
  const marks = trie.marks();
  const size = Math.min(trie.count, nodes.length * 12 + 64);
  const paths: Paths = { count: 1, ids: scratch.uint32(size), parent: scratch.int32(size), scratch };
  paths.parent[0] = -1;
  try {
    // Ascending, neighbours of the trie are neighbours of the view too, and every pass goes through memory in order.
    const ascending = scratch.uint32(nodes.length);
    ascending.set(nodes);
    ascending.sort();
    markPaths(trie, ascending, marks, paths);
    const places = scratch.uint32(nodes.length);
    for (let leaf = 0; leaf < nodes.length; leaf++) {
      places[leaf] = (marks[nodes[leaf] as number] as number) - 1;
    }
    const { count } = paths;
    return { count, parent: paths.parent.subarray(0, count), places, ids: paths.ids.subarray(0, count) };
  } finally {
    for (let at = 0; at < paths.count; at++) marks[paths.ids[at] as number] = 0;
  }
}

interface Paths {
  count: number;
  /** Nodes of the trie and the places of their parents; longer than `count`. */
  ids: Uint32Array;
  parent: Int32Array;
  readonly scratch: Scratch;
}

/** Gathers the nodes from the root to all of `nodes`, parents first, and marks each with its place + 1. */
function markPaths({ parent }: PathTrie, nodes: Uint32Array, marks: Uint32Array, into: Paths): void {
  marks[0] = 1;
  for (let index = 0; index < nodes.length; index++) {
    const leaf = nodes[index] as number;
    let missing = 0;
    let top = leaf;
    for (; marks[top] === 0; top = parent[top] as number) missing++;
    if (missing === 0) continue;
    const above = (marks[top] as number) - 1;
    const first = into.count;
    if (first + missing > into.ids.length) resize(into, Math.max(into.ids.length * 2, first + missing));
    into.count += missing;
    const { ids, parent: places } = into;
    for (let at = leaf, place = into.count - 1; place >= first; place--) {
      ids[place] = at;
      places[place] = place === first ? above : place - 1;
      marks[at] = place + 1;
      at = parent[at] as number;
    }
  }
}

function resize(paths: Paths, size: number): void {
  const { ids, parent, scratch } = paths;
  paths.ids = scratch.uint32(size);
  paths.ids.set(ids);
  paths.parent = scratch.int32(size);
  paths.parent.set(parent);
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
  for (let stack = 0; stack < nodes.length; stack++) {
    for (let at = nodes[stack] as number; at > 0; at = parent[at] as number)
      frames[into++] = symbol[at] as number;
  }
  return { offsets, frames };
}
