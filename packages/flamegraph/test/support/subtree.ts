import { findNode, finishTree, type CallTree } from '../../src/tree/call-tree.ts';

/**
 * The subtree at a path of names (root first, without the root), below its chain of callers: node `path.length`
 * of the result is the node of the path, and every node above it carries that node's total and no self value.
 * Undefined when the path leads nowhere; the tree itself for an empty path.
 */
export function subtree(tree: CallTree, path: readonly string[]): CallTree | undefined {
  const top = findNode(tree, path);
  if (top < 0) return undefined;
  if (top === 0) return tree;
  const chain = tree.level[top] as number;
  const end = tree.subtreeEnd[top] as number;
  const count = chain + end - top;
  const symbol = new Uint32Array(count);
  const parent = new Int32Array(count);
  const cut = new Uint32Array(count);
  for (let at = tree.parent[top] as number, level = chain - 1; level >= 0; level--) {
    symbol[level] = tree.symbol[at] as number;
    parent[level] = level - 1;
    at = tree.parent[at] as number;
  }
  const shift = chain - top;
  for (let node = top; node < end; node++) {
    symbol[node + shift] = tree.symbol[node] as number;
    parent[node + shift] = node === top ? chain - 1 : (tree.parent[node] as number) + shift;
    cut[node + shift] = tree.cut[node] as number;
  }
  const below = (values: Float64Array): Float64Array => {
    const kept = new Float64Array(count);
    kept.set(values.subarray(top, end), chain);
    return kept;
  };
  const parts = { symbols: tree.symbols, symbol, parent, cut, self: below(tree.self) };
  return finishTree(tree.selfRight === undefined ? parts : { ...parts, selfRight: below(tree.selfRight) });
}
