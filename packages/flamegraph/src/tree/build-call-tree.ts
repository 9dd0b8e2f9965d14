import { mergeSymbols, SymbolTable } from '../symbol-table.ts';
import { StackSetBuilder, type StackSet } from '../stack-set.ts';
import type { CallTree } from './call-tree.ts';
import { CallTrie, STAND_IN } from './call-trie.ts';

/** Merges stacks into one tree. Symbols are shared with the stacks. */
export function buildCallTree(stacks: StackSet): CallTree {
  const trie = new CallTrie({ isDiff: stacks.right !== undefined });
  for (let stack = 0; stack < stacks.left.length; stack++) {
    trie.addSelf(insertStack(trie, stacks, stack), stacks.left[stack] as number, stacks.right?.[stack] ?? 0);
  }
  return trie.toTree(stacks.symbols);
}

function insertStack(trie: CallTrie, stacks: StackSet, stack: number, ids?: Uint32Array): number {
  const { frames, offsets } = stacks;
  const leaf = offsets[stack] as number;
  let node = 0;
  for (let index = (offsets[stack + 1] as number) - 1; index >= leaf; index--) {
    const symbol = frames[index] as number;
    node = trie.child(node, ids === undefined ? symbol : (ids[symbol] as number));
  }
  return node;
}

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
  const symbols = new SymbolTable();
  const trie = new CallTrie({ isDiff: true });
  // Trie node of a stack -> its position in the result; the trie is only used to tell stacks apart.
  const positions = new Map<number, number>();
  const values: { node: number; left: number; right: number }[] = [];
  const collect = (stacks: StackSet, isRight: boolean): void => {
    const ids = mergeSymbols(symbols, stacks.symbols);
    for (let stack = 0; stack < stacks.left.length; stack++) {
      const node = insertStack(trie, stacks, stack, ids);
      let position = positions.get(node);
      if (position === undefined) {
        position = values.push({ node, left: 0, right: 0 }) - 1;
        positions.set(node, position);
      }
      const entry = values[position];
      if (entry === undefined) continue;
      if (isRight) entry.right += stacks.left[stack] as number;
      else entry.left += stacks.left[stack] as number;
    }
  };
  collect(a, false);
  collect(b, true);
  const builder = new StackSetBuilder(symbols, { isDiff: true });
  const frames: number[] = [];
  for (const { node, left, right } of values) {
    frames.length = 0;
    for (let at = node; at > 0; at = trie.parentOf(at)) frames.push(trie.symbolOf(at));
    builder.add(frames, left, right);
  }
  return builder.build();
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
