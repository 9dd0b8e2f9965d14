import { buildCutTree, type CallTree, type StackSet } from '@everflame/flamegraph';

/** Returns the whole tree of stacks. */
export function buildCallTree(stacks: StackSet): CallTree {
  const { tree } = buildCutTree(stacks, { maxNodes: Infinity }) as { readonly tree: CallTree };
  return tree;
}
