import { mergeSymbols, SymbolTable } from '../symbol-table.ts';
import { StackSetBuilder, type StackSet } from '../stack-set.ts';
import type { CallTree } from './call-tree.ts';
import { CallTrie } from './call-trie.ts';
import { STAND_IN } from './rank-symbols.ts';
import { lengthOf, sharedPrefix, sortStacks, type RankedStacks } from './sort-stacks.ts';

/**
 * Adds trees up into a new tree with its own symbols, side by side when any of them is a diff.
 * Stand-ins below the same parent become one. Order and grouping of the trees do not matter.
 */
export function mergeTrees(trees: readonly CallTree[]): CallTree {
  const symbols = new SymbolTable();
  const trie = new CallTrie({ isDiff: trees.some((tree) => tree.selfRight !== undefined) });
  for (const tree of trees) {
    const ids = mergeSymbols(symbols, tree.symbols);
    const nodes = new Uint32Array(tree.count);
    for (let node = 0; node < tree.count; node++) {
      const cut = tree.cut[node] as number;
      if (node > 0) {
        const symbol = cut > 0 ? STAND_IN : (ids[tree.symbol[node] as number] as number);
        nodes[node] = trie.child(nodes[tree.parent[node] as number] as number, symbol);
      }
      const into = nodes[node] as number;
      trie.addSelf(into, tree.self[node] as number, tree.selfRight?.[node] ?? 0);
      if (cut > 0) trie.addCut(into, cut);
    }
  }
  return trie.toTree(symbols);
}

/**
 * Lays two sets of stacks side by side: `a.left` becomes left, `b.left` becomes right, each stack once,
 * with symbols of its own.
 */
export function diffStackSets(a: StackSet, b: StackSet): StackSet {
  const all = new StackSetBuilder(new SymbolTable(), { isDiff: true });
  addStacks(all, a, (value) => [value, 0]);
  addStacks(all, b, (value) => [0, value]);
  const { symbols, offsets, frames, left, right } = all.build();
  // Sorted in any order equal stacks are neighbours, so symbol ids will do for ranks.
  const stacks = { offsets, ranks: frames };
  const order = sortStacks(stacks);
  const builder = new StackSetBuilder(symbols, { isDiff: true });
  const distinct = new Uint32Array(order.length);
  let count = 0;
  for (let index = 0; index < order.length; count++) {
    const first = order[index] as number;
    let before = 0;
    let after = 0;
    for (; index < order.length && areEqual(stacks, first, order[index] as number); index++) {
      const stack = order[index] as number;
      distinct[stack] = count;
      before += left[stack] as number;
      after += right?.[stack] ?? 0;
    }
    builder.add(frames, before, after, offsets[first], offsets[first + 1]);
  }
  const merged = builder.build();
  if (a.exact === undefined && b.exact === undefined) return merged;
  const split = a.left.length;
  return {
    ...merged,
    exact: exactSums(a, distinct.subarray(0, split), count),
    exactRight: exactSums(b, distinct.subarray(split), count),
  };
}

/** Sums of the exact values; the value of stack `i` goes to `into[i]`. */
function exactSums({ left, exact }: StackSet, into: Uint32Array, count: number): BigInt64Array {
  const sums = new BigInt64Array(count);
  for (let stack = 0; stack < left.length; stack++) {
    const at = into[stack] as number;
    sums[at] = (sums[at] as bigint) + (exact?.[stack] ?? BigInt(Math.round(left[stack] as number)));
  }
  return sums;
}

function addStacks(
  into: StackSetBuilder,
  stacks: StackSet,
  sides: (value: number) => [number, number],
): void {
  const ids = mergeSymbols(into.symbols, stacks.symbols);
  const frames = stacks.frames.map((symbol) => ids[symbol] as number);
  for (let stack = 0; stack < stacks.left.length; stack++) {
    const [left, right] = sides(stacks.left[stack] as number);
    into.add(frames, left, right, stacks.offsets[stack], stacks.offsets[stack + 1]);
  }
}

function areEqual(stacks: RankedStacks, a: number, b: number): boolean {
  const length = lengthOf(stacks, a);
  return length === lengthOf(stacks, b) && sharedPrefix(stacks, a, b) === length;
}

/** One stack per node with a value of its own. What a stand-in hides stays on the stack of its parent. */
export function treeToStacks(tree: CallTree): StackSet {
  const builder = new StackSetBuilder(tree.symbols, { isDiff: tree.selfRight !== undefined });
  const frames: number[] = [];
  for (let node = 0; node < tree.count; node++) {
    const left = tree.self[node] as number;
    const right = tree.selfRight?.[node] ?? 0;
    if (left === 0 && right === 0) continue;
    frames.length = 0;
    let at = (tree.cut[node] as number) > 0 ? (tree.parent[node] as number) : node;
    for (; at > 0; at = tree.parent[at] as number) frames.push(tree.symbol[at] as number);
    builder.add(frames, left, right);
  }
  return builder.build();
}
