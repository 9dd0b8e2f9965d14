import type { StackSet } from '../stack-set.ts';
import { finishTree, type CallTree } from './call-tree.ts';
import { orderTree } from './order-tree.ts';
import { rankSymbols } from './rank-symbols.ts';
import { type Scratch, withScratch } from './scratch.ts';
import { lengthOf, sharedPrefix, sortStacks, type RankedStacks } from './sort-stacks.ts';
import { type Leaves, leavesOf, viewPaths } from './trie-stacks.ts';

/**
 * Merges stacks into one tree. Symbols are shared with the stacks. Once the stacks are sorted by their names from
 * the root, the tree's nodes come out depth first: each stack adds what it does not share with the one before.
 * Stacks on a trie (`trieStacks`) are neither read nor sorted: the trie knows what they share.
 */
export function buildCallTree(stacks: StackSet): CallTree {
  const leaves = leavesOf(stacks);
  if (leaves !== undefined) return withScratch((scratch) => treeOfLeaves(leaves, scratch));
  const { byRank, rank } = rankSymbols(stacks.symbols);
  const ranked = rootFirst(stacks, rank);
  const order = sortStacks(ranked);
  const { shared, count, depth } = measureTree(ranked, order);
  const symbol = new Uint32Array(count);
  const parent = new Int32Array(count);
  const self = new Float64Array(count);
  const selfRight = stacks.right === undefined ? undefined : new Float64Array(count);
  parent[0] = -1;
  const path = new Uint32Array(depth + 1);
  let next = 1;
  for (let index = 0; index < order.length; index++) {
    const stack = order[index] as number;
    const begin = ranked.offsets[stack] as number;
    const length = lengthOf(ranked, stack);
    for (let level = shared[index] as number; level < length; level++) {
      symbol[next] = byRank[ranked.ranks[begin + level] as number] as number;
      parent[next] = path[level] as number;
      path[level + 1] = next++;
    }
    const leaf = path[length] as number;
    self[leaf] = (self[leaf] as number) + (stacks.left[stack] as number);
    if (selfRight !== undefined) {
      selfRight[leaf] = (selfRight[leaf] as number) + (stacks.right?.[stack] ?? 0);
    }
  }
  const parts = { symbols: stacks.symbols, symbol, parent, self, cut: new Uint32Array(count) };
  return finishTree(selfRight === undefined ? parts : { ...parts, selfRight });
}

function treeOfLeaves({ symbols, trie, nodes, left, right }: Leaves, scratch: Scratch): CallTree {
  const { count, parent, places, ids } = viewPaths(trie, nodes, scratch);
  const symbol = scratch.uint32(count);
  for (let node = 1; node < count; node++) symbol[node] = trie.symbol[ids[node] as number] as number;
  const addUp = (values: Float64Array): Float64Array => {
    const sums = scratch.float64(count);
    for (let stack = 0; stack < places.length; stack++) {
      const at = places[stack] as number;
      sums[at] = (sums[at] as number) + (values[stack] as number);
    }
    return sums;
  };
  return orderTree({ symbols, count, symbol, parent, self: addUp(left), selfRight: right && addUp(right) });
}

function rootFirst({ offsets, frames }: StackSet, rank: Uint32Array): RankedStacks {
  const ranks = new Uint32Array(frames.length);
  for (let stack = 0; stack + 1 < offsets.length; stack++) {
    const begin = offsets[stack] as number;
    let into = begin;
    for (let index = (offsets[stack + 1] as number) - 1; index >= begin; index--) {
      ranks[into++] = rank[frames[index] as number] as number;
    }
  }
  return { offsets, ranks };
}

/** What each stack shares with the one before it, the nodes that makes, and the longest stack. */
function measureTree(
  ranked: RankedStacks,
  order: Uint32Array,
): { shared: Uint32Array; count: number; depth: number } {
  const shared = new Uint32Array(order.length);
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
