import type { Stacks, StackSet, TrieStacks } from '../stack-set.ts';
import type { SymbolTable } from '../symbol-table.ts';
import type { PathTrie } from './path-trie.ts';
import { rankSymbols } from './rank-symbols.ts';
import type { Scratch } from './scratch.ts';
import { lengthOf, type RankedStacks, sharedPrefix, sortStacks } from './sort-stacks.ts';

/** The nodes that matter for some stacks, parents first and the root as 0, perhaps with others among them. */
export interface NodeView {
  readonly count: number;
  readonly parent: Int32Array;
  /** The node where each stack ends. */
  readonly ends: Uint32Array;
  /** Symbol of node `i`, or of node `ids[i]` of a trie where the view has numbers of its own. */
  readonly symbol: Uint32Array;
  readonly ids?: Uint32Array | undefined;
  /** Whether the nodes are in the order of a call tree already. */
  readonly isOrdered: boolean;
}

export function viewNodes(stacks: StackSet, scratch: Scratch): NodeView {
  return 'trie' in stacks ? viewTrie(stacks, scratch) : viewSorted(stacks, scratch);
}

/** Beyond one stack per so many nodes, passes over the whole trie cost less than finding the paths of the stacks. */
const NODES_PER_STACK = 50;

function viewTrie({ trie, nodes }: TrieStacks, scratch: Scratch): NodeView {
  if (nodes.length * NODES_PER_STACK <= trie.count) return viewPaths(trie, nodes, scratch);
  const { count, parent, symbol } = trie;
  return { count, parent, symbol, ends: nodes, isOrdered: false };
}

/**
 * The nodes of stacks that lie on no trie. Once the stacks are sorted by their names from the root, nodes come out depth
 * first: each stack adds what it does not share with the one before. Faster than placing them on a trie (ADR 0020).
 */
function viewSorted(stacks: Stacks<SymbolTable>, scratch: Scratch): NodeView {
  const { byRank, rank } = rankSymbols(stacks.symbols);
  const ranked = rankRootFirst(stacks, rank, scratch);
  const order = sortStacks(ranked);
  const { shared, count, depth } = measureNodes(ranked, order, scratch);
  const symbol = scratch.uint32(count);
  const parent = scratch.int32(count);
  const ends = scratch.uint32(order.length);
  const path = scratch.uint32(depth + 1);
  parent[0] = -1;
  let next = 1;
  for (let index = 0; index < order.length; index++) {
    const stack = order[index] as number;
    const begin = ranked.offsets[stack] as number;
    const length = lengthOf(ranked, stack);
    for (let above = shared[index] as number; above < length; above++) {
      symbol[next] = byRank[ranked.ranks[begin + above] as number] as number;
      parent[next] = path[above] as number;
      path[above + 1] = next++;
    }
    ends[stack] = path[length] as number;
  }
  return { count, parent, symbol, ends, isOrdered: true };
}

function rankRootFirst(
  { offsets, frames }: Stacks<SymbolTable>,
  rank: Uint32Array,
  scratch: Scratch,
): RankedStacks {
  const ranks = scratch.uint32(frames.length);
  for (let stack = 0; stack + 1 < offsets.length; stack++) {
    const begin = offsets[stack] as number;
    let into = begin;
    for (let index = (offsets[stack + 1] as number) - 1; index >= begin; index--) {
      ranks[into++] = rank[frames[index] as number] as number;
    }
  }
  return { offsets, ranks };
}

/** What each stack shares with the one before it, the nodes that makes, and the frames of the longest stack. */
function measureNodes(ranked: RankedStacks, order: Uint32Array, scratch: Scratch) {
  const shared = scratch.uint32(order.length);
  let count = 1;
  let depth = 0;
  for (let index = 0; index < order.length; index++) {
    const stack = order[index] as number;
    const length = lengthOf(ranked, stack);
    if (index > 0) shared[index] = sharedPrefix(ranked, order[index - 1] as number, stack);
    count += length - (shared[index] as number);
    depth = Math.max(depth, length);
  }
  return { shared, count, depth };
}

/** The nodes on the paths of the stacks and no others. */
function viewPaths(trie: PathTrie, nodes: Uint32Array, scratch: Scratch): NodeView {
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
    const ends = scratch.uint32(nodes.length);
    for (let stack = 0; stack < nodes.length; stack++) {
      ends[stack] = (marks[nodes[stack] as number] as number) - 1;
    }
    const { count, ids, parent } = paths;
    return { count, parent, symbol: trie.symbol, ids, ends, isOrdered: false };
  } finally {
    for (let index = 0; index < paths.count; index++) marks[paths.ids[index] as number] = 0;
  }
}

interface Paths {
  count: number;
  /** Nodes of the trie and the indexes of their parents; longer than `count`. */
  ids: Uint32Array;
  parent: Int32Array;
  readonly scratch: Scratch;
}

/** Gathers the nodes from the root to all of `nodes`, parents first, and marks each with its index + 1. */
function markPaths({ parent }: PathTrie, nodes: Uint32Array, marks: Uint32Array, into: Paths): void {
  marks[0] = 1;
  for (let stack = 0; stack < nodes.length; stack++) {
    const end = nodes[stack] as number;
    let missing = 0;
    let top = end;
    for (; marks[top] === 0; top = parent[top] as number) missing++;
    if (missing === 0) continue;
    const above = (marks[top] as number) - 1;
    const first = into.count;
    if (first + missing > into.ids.length) resize(into, Math.max(into.ids.length * 2, first + missing));
    into.count += missing;
    const { ids, parent: parents } = into;
    for (let node = end, index = into.count - 1; index >= first; index--) {
      ids[index] = node;
      parents[index] = index === first ? above : index - 1;
      marks[node] = index + 1;
      node = parent[node] as number;
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

/** The node that a path of names leads to, root first; -1 when it leads nowhere. */
export function findPath(view: NodeView, symbols: SymbolTable, path: readonly string[]): number {
  const { count, parent, symbol, ids } = view;
  const wanted = path.map((name) => symbols.find(name));
  let top = 0;
  let depth = 0;
  // Children come after their parents, so that one pass meets the nodes of the path in their order.
  for (let node = 1; node < count && depth < wanted.length; node++) {
    if (parent[node] !== top || symbol[ids === undefined ? node : (ids[node] as number)] !== wanted[depth])
      continue;
    top = node;
    depth++;
  }
  return depth === wanted.length ? top : -1;
}
