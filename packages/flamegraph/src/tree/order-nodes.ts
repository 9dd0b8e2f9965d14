import type { SymbolTable } from '../symbol-table.ts';
import type { CallTree } from './call-tree.ts';
import { type RankedSymbols, rankSymbols } from './rank-symbols.ts';
import type { Scratch } from './scratch.ts';

/**
 * Nodes in any order that puts parents before their children, depth first and siblings by name, in scratch. Siblings get
 * their order from one counting sort of all nodes by the rank of their name.
 */
export function depthFirst(
  { symbol, parent }: Pick<CallTree, 'symbol' | 'parent'>,
  symbols: SymbolTable,
  scratch: Scratch,
): Uint32Array {
  const count = symbol.length;
  const byRank = sortByRank(symbol, rankSymbols(symbols), scratch);
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

/** All nodes but the root by rank of their symbol. */
function sortByRank(symbol: Uint32Array, { byRank, rank }: RankedSymbols, scratch: Scratch): Uint32Array {
  const count = symbol.length;
  const ends = scratch.uint32(byRank.length + 1);
  for (let node = 1; node < count; node++) {
    const own = (rank[symbol[node] as number] as number) + 1;
    ends[own] = (ends[own] as number) + 1;
  }
  for (let own = 1; own < ends.length; own++) ends[own] = (ends[own] as number) + (ends[own - 1] as number);
  const sorted = scratch.uint32(Math.max(0, count - 1));
  for (let node = 1; node < count; node++) {
    const own = rank[symbol[node] as number] as number;
    const position = ends[own] as number;
    sorted[position] = node;
    ends[own] = position + 1;
  }
  return sorted;
}
