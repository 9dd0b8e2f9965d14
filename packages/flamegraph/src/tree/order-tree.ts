import type { SymbolTable } from '../symbol-table.ts';
import { finishTree, type CallTree } from './call-tree.ts';
import { type RankedSymbols, rankSymbols, STAND_IN } from './rank-symbols.ts';
import { type Scratch, withScratch } from './scratch.ts';

/** Nodes in any order that puts parents before their children; the arrays may be longer than `count`. */
export interface UnorderedTree {
  readonly symbols: SymbolTable;
  readonly count: number;
  readonly symbol: Uint32Array;
  readonly parent: Int32Array;
  readonly self: Float64Array;
  readonly selfRight?: Float64Array | undefined;
  readonly cut?: Uint32Array | undefined;
}

/** The call tree of the nodes: depth first, siblings by name. */
export function orderTree(tree: UnorderedTree): CallTree {
  return withScratch((scratch) =>
    orderedBy(tree, depthFirst(tree, rankSymbols(tree.symbols), scratch), scratch),
  );
}

function orderedBy(tree: UnorderedTree, order: Uint32Array, scratch: Scratch): CallTree {
  const { count, symbols } = tree;
  const renumbered = scratch.uint32(count);
  const symbol = new Uint32Array(count);
  const parent = new Int32Array(count);
  const self = new Float64Array(count);
  const cut = new Uint32Array(count);
  const selfRight = tree.selfRight === undefined ? undefined : new Float64Array(count);
  parent[0] = -1;
  for (let node = 0; node < count; node++) {
    const from = order[node] as number;
    renumbered[from] = node;
    if (node > 0) parent[node] = renumbered[tree.parent[from] as number] as number;
    const own = tree.symbol[from] as number;
    symbol[node] = own === STAND_IN ? 0 : own;
    self[node] = tree.self[from] as number;
    if (tree.cut !== undefined) cut[node] = tree.cut[from] as number;
    if (selfRight !== undefined) selfRight[node] = tree.selfRight?.[from] as number;
  }
  const parts = { symbols, symbol, parent, self, cut };
  return finishTree(selfRight === undefined ? parts : { ...parts, selfRight });
}

/** Node ids depth first, in scratch. Siblings get their order from one counting sort of all nodes by rank. */
export function depthFirst(
  { count, symbol, parent }: Pick<UnorderedTree, 'count' | 'symbol' | 'parent'>,
  ranked: RankedSymbols,
  scratch: Scratch,
): Uint32Array {
  const byRank = sortByRank(symbol, count, ranked, scratch);
  const firstChild = scratch.uint32(count);
  const nextSibling = scratch.uint32(count);
  for (let index = byRank.length - 1; index >= 0; index--) {
    const node = byRank[index] as number;
    const above = parent[node] as number;
    nextSibling[node] = firstChild[above] as number;
    firstChild[above] = node;
  }
  const order = scratch.uint32(count);
  let node = 0;
  for (let index = 1; index < count; index++) {
    let next = firstChild[node] as number;
    while (next === 0) {
      next = nextSibling[node] as number;
      if (next === 0) node = parent[node] as number;
    }
    order[index] = next;
    node = next;
  }
  return order;
}

/** Nodes 1 to `count` by rank of their symbol; stand-ins last. */
function sortByRank(
  symbol: Uint32Array,
  count: number,
  { byRank, rank }: RankedSymbols,
  scratch: Scratch,
): Uint32Array {
  const last = byRank.length;
  const ends = scratch.uint32(last + 2);
  const ranks = scratch.uint32(count);
  for (let node = 1; node < count; node++) {
    const id = symbol[node] as number;
    const own = id === STAND_IN ? last : (rank[id] as number);
    ranks[node] = own;
    ends[own + 1] = (ends[own + 1] as number) + 1;
  }
  for (let at = 1; at <= last; at++) ends[at] = (ends[at] as number) + (ends[at - 1] as number);
  const sorted = scratch.uint32(Math.max(0, count - 1));
  for (let node = 1; node < count; node++) {
    const own = ranks[node] as number;
    const position = ends[own] as number;
    sorted[position] = node;
    ends[own] = position + 1;
  }
  return sorted;
}
