import type { SymbolTable } from '../symbol-table.ts';

/**
 * A merged call tree in parallel arrays, one element per node, depth first with parents before children.
 * Node 0 is the root. Siblings ascend by name (UTF-16 code units), a stand-in comes last.
 * For every node `total = self + sum of the children's totals`, on each side.
 */
export interface CallTree {
  readonly symbols: SymbolTable;
  /** Nodes, root and stand-ins included. */
  readonly count: number;
  readonly symbol: Uint32Array;
  /** 0 for the root. */
  readonly level: Uint32Array;
  /** -1 for the root. */
  readonly parent: Int32Array;
  /** One past the last node of the subtree. */
  readonly subtreeEnd: Uint32Array;
  readonly self: Float64Array;
  readonly total: Float64Array;
  /** Right side of a diff; present together with `totalRight`. */
  readonly selfRight?: Float64Array;
  readonly totalRight?: Float64Array;
  /** More than 0: a stand-in for that many nodes that were cut below its parent. */
  readonly cut: Uint32Array;
}

/** The arrays a tree is made from; `finishTree` computes the rest. */
export type TreeParts = Pick<CallTree, 'symbols' | 'symbol' | 'parent' | 'self' | 'selfRight' | 'cut'>;

/** Completes a tree whose nodes are already depth first: levels, subtree ends and totals. */
export function finishTree(parts: TreeParts): CallTree {
  const { parent } = parts;
  const count = parent.length;
  const level = new Uint32Array(count);
  const subtreeEnd = new Uint32Array(count);
  if (count > 0) subtreeEnd[0] = 1;
  for (let node = 1; node < count; node++) {
    level[node] = (level[parent[node] as number] as number) + 1;
    subtreeEnd[node] = node + 1;
  }
  for (let node = count - 1; node > 0; node--) {
    const above = parent[node] as number;
    if ((subtreeEnd[above] as number) < (subtreeEnd[node] as number)) {
      subtreeEnd[above] = subtreeEnd[node] as number;
    }
  }
  const tree = { ...parts, count, level, subtreeEnd, total: totalsOf(parts.self, parent) };
  if (parts.selfRight === undefined) return tree;
  return { ...tree, totalRight: totalsOf(parts.selfRight, parent) };
}

function totalsOf(self: Float64Array, parent: Int32Array): Float64Array {
  const total = self.slice();
  for (let node = total.length - 1; node > 0; node--) {
    const above = parent[node] as number;
    total[above] = (total[above] as number) + (total[node] as number);
  }
  return total;
}

/** The node that a path of names leads to, root first and without the root itself; -1 when there is none. */
export function findNode(tree: CallTree, path: readonly string[]): number {
  let node = 0;
  for (const name of path) {
    const symbol = tree.symbols.find(name);
    if (symbol === undefined) return -1;
    const next = childWithSymbol(tree, node, symbol);
    if (next < 0) return -1;
    node = next;
  }
  return node;
}

function childWithSymbol(tree: CallTree, node: number, symbol: number): number {
  const end = tree.subtreeEnd[node] as number;
  for (let child = node + 1; child < end; child = tree.subtreeEnd[child] as number) {
    if (tree.symbol[child] === symbol && tree.cut[child] === 0) return child;
  }
  return -1;
}

/** Names from below the root to the node, root first. */
export function pathOf(tree: CallTree, node: number): string[] {
  const path: string[] = [];
  for (let at = node; at > 0; at = tree.parent[at] as number) {
    path.push(tree.symbols.name(tree.symbol[at] as number));
  }
  return path.toReversed();
}
