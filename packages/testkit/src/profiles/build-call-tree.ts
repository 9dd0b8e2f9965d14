import { buildCutTree, type CallTree, type StackSet } from '@everflame/flamegraph';

/** Merges stacks into one tree, of which nothing is cut. Symbols are shared with the stacks. */
export function buildCallTree(stacks: StackSet): CallTree {
  const whole = buildCutTree(stacks, { maxNodes: Infinity });
  if (whole === undefined) throw new Error('Stacks always have a tree.');
  return whole.tree;
}
