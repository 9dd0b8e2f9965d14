import type { StackSet } from '../stack-set.ts';
import type { CallTree } from './call-tree.ts';
import { CallTrie } from './call-trie.ts';
import { STAND_IN } from './rank-symbols.ts';

/**
 * The callers' view: functions with a value of their own are the root's children, their callers below them.
 * What stand-ins hide has no known leaf and becomes one stand-in below the root.
 */
export function invertTree(tree: CallTree): CallTree {
  const trie = new CallTrie({ isDiff: tree.selfRight !== undefined, rootSymbol: tree.symbol[0] ?? 0 });
  for (let node = 0; node < tree.count; node++) {
    const left = tree.self[node] as number;
    const right = tree.selfRight?.[node] ?? 0;
    const cut = tree.cut[node] as number;
    let into = 0;
    if (cut > 0) {
      into = trie.child(0, STAND_IN);
      trie.addCut(into, cut);
    } else if (left === 0 && right === 0) {
      continue;
    } else {
      for (let at = node; at > 0; at = tree.parent[at] as number) {
        into = trie.child(into, tree.symbol[at] as number);
      }
    }
    trie.addSelf(into, left, right);
  }
  return trie.toTree(tree.symbols);
}

/** Who calls a function and what it calls; node 0 of both trees is the function, with its total. */
export interface Sandwich {
  readonly callers: CallTree;
  readonly callees: CallTree;
}

/**
 * Splits every stack with the function at its outermost frame of that function, so that a recursive call counts
 * once and shows below the callees. Both trees are empty (one node, symbol 0, total 0) for an unknown name.
 */
export function sandwich(stacks: StackSet, name: string): Sandwich {
  const symbol = stacks.symbols.find(name) ?? 0;
  const isDiff = stacks.right !== undefined;
  const callers = new CallTrie({ isDiff, rootSymbol: symbol });
  const callees = new CallTrie({ isDiff, rootSymbol: symbol });
  const { frames, offsets } = stacks;
  const count = symbol === 0 ? 0 : stacks.left.length;
  for (let stack = 0; stack < count; stack++) {
    const leaf = offsets[stack] as number;
    const end = offsets[stack + 1] as number;
    let split = end - 1;
    while (split >= leaf && frames[split] !== symbol) split--;
    if (split < leaf) continue;
    let caller = 0;
    for (let index = split + 1; index < end; index++) caller = callers.child(caller, frames[index] as number);
    let callee = 0;
    for (let index = split - 1; index >= leaf; index--) {
      callee = callees.child(callee, frames[index] as number);
    }
    const left = stacks.left[stack] as number;
    const right = stacks.right?.[stack] ?? 0;
    callers.addSelf(caller, left, right);
    callees.addSelf(callee, left, right);
  }
  return { callers: callers.toTree(stacks.symbols), callees: callees.toTree(stacks.symbols) };
}
