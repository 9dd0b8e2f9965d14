import { InvalidArgumentError } from '@everflame/profile';
import type { CallTree } from '../../src/tree/call-tree.ts';
import { selectLargest } from '../../src/tree/select-largest.ts';

/**
 * Keeps the heaviest nodes (by `|total| + |totalRight|`), a node only together with its parent, `maxNodes` at most
 * with the root. Values of kept nodes stay as they are. Each parent that lost children gets one stand-in as its
 * last child: `cut` says how many nodes it hides and its values are exactly their sum. Stand-ins come on top of
 * `maxNodes`; those of an earlier cut are absorbed.
 */
export function cutTree(tree: CallTree, maxNodes: number): CallTree {
  if (!(maxNodes >= 1)) throw new InvalidArgumentError(`A tree cannot be cut to ${maxNodes} nodes.`);
  if (tree.count <= maxNodes) return tree;
  return emitKept(tree, nodesToKeep(tree, Math.floor(maxNodes)));
}

/** 1 for nodes to keep. Stand-ins are never kept: `emitKept` makes new ones. */
function nodesToKeep(tree: CallTree, maxNodes: number): Uint8Array {
  const weight = new Float64Array(tree.count);
  let realCount = 0;
  for (let node = 0; node < tree.count; node++) {
    if ((tree.cut[node] as number) > 0) {
      weight[node] = -1;
      continue;
    }
    realCount++;
    const own = Math.abs(tree.total[node] as number) + Math.abs(tree.totalRight?.[node] ?? 0);
    // Where values of both signs meet, a child can outweigh its parent; capping keeps parents ahead.
    weight[node] = node === 0 ? Infinity : Math.min(own, weight[tree.parent[node] as number] as number);
  }
  const kept = new Uint8Array(tree.count);
  const threshold = selectLargest(weight.slice(), Math.min(maxNodes, realCount));
  let atThreshold = Math.min(maxNodes, realCount) - weight.filter((own) => own > threshold).length;
  for (let node = 0; node < tree.count; node++) {
    const own = weight[node] as number;
    if (own > threshold) kept[node] = 1;
    else if (own === threshold && own >= 0 && atThreshold > 0) {
      kept[node] = 1;
      atThreshold--;
    }
  }
  return kept;
}

interface Hidden {
  /** By kept node: how many nodes are hidden right below it, and their values. */
  readonly nodes: Uint32Array;
  readonly left: Float64Array;
  readonly right: Float64Array;
}

function sumHidden(tree: CallTree, kept: Uint8Array): Hidden {
  const { count, parent } = tree;
  const owner = new Uint32Array(count);
  const hidden = {
    nodes: new Uint32Array(count),
    left: new Float64Array(count),
    right: new Float64Array(tree.totalRight === undefined ? 0 : count),
  };
  for (let node = 1; node < count; node++) {
    if (kept[node] === 1) {
      owner[node] = node;
      continue;
    }
    const above = parent[node] as number;
    const by = owner[above] as number;
    owner[node] = by;
    hidden.nodes[by] = (hidden.nodes[by] as number) + Math.max(1, tree.cut[node] as number);
    if (kept[above] === 0) continue;
    hidden.left[by] = (hidden.left[by] as number) + (tree.total[node] as number);
    if (tree.totalRight !== undefined) {
      hidden.right[by] = (hidden.right[by] as number) + (tree.totalRight[node] as number);
    }
  }
  return hidden;
}

/** Subtree sizes in the result, stand-ins included. */
function sizesOf(tree: CallTree, kept: Uint8Array, hidden: Hidden): Uint32Array {
  const size = new Uint32Array(tree.count);
  for (let node = tree.count - 1; node >= 0; node--) {
    if (kept[node] === 0) continue;
    size[node] = (size[node] as number) + ((hidden.nodes[node] as number) > 0 ? 2 : 1);
    if (node === 0) continue;
    const above = tree.parent[node] as number;
    size[above] = (size[above] as number) + (size[node] as number);
  }
  return size;
}

function emitKept(tree: CallTree, kept: Uint8Array): CallTree {
  const hidden = sumHidden(tree, kept);
  const size = sizesOf(tree, kept, hidden);
  const result = emptyTree(tree, size[0] as number);
  const position = new Uint32Array(tree.count);
  const nextChild = new Uint32Array(tree.count);
  for (let node = 0; node < tree.count; node++) {
    if (kept[node] === 0) continue;
    const above = tree.parent[node] as number;
    const at = node === 0 ? 0 : (nextChild[above] as number);
    const own = size[node] as number;
    if (node > 0) nextChild[above] = at + own;
    position[node] = at;
    nextChild[node] = at + 1;
    result.symbol[at] = tree.symbol[node] as number;
    result.level[at] = tree.level[node] as number;
    result.parent[at] = node === 0 ? -1 : (position[above] as number);
    result.subtreeEnd[at] = at + own;
    result.self[at] = tree.self[node] as number;
    result.total[at] = tree.total[node] as number;
    setRight(result, at, tree.selfRight?.[node] ?? 0, tree.totalRight?.[node] ?? 0);
    if ((hidden.nodes[node] as number) > 0) emitStandIn(result, at, hidden, node);
  }
  return result;
}

function emitStandIn(result: CallTree, parent: number, hidden: Hidden, node: number): void {
  const at = (result.subtreeEnd[parent] as number) - 1;
  const left = hidden.left[node] as number;
  result.level[at] = (result.level[parent] as number) + 1;
  result.parent[at] = parent;
  result.subtreeEnd[at] = at + 1;
  result.self[at] = left;
  result.total[at] = left;
  result.cut[at] = hidden.nodes[node] as number;
  setRight(result, at, hidden.right[node] ?? 0, hidden.right[node] ?? 0);
}

function setRight(result: CallTree, at: number, self: number, total: number): void {
  if (result.selfRight === undefined || result.totalRight === undefined) return;
  result.selfRight[at] = self;
  result.totalRight[at] = total;
}

function emptyTree(like: CallTree, count: number): CallTree {
  const tree = {
    symbols: like.symbols,
    count,
    symbol: new Uint32Array(count),
    level: new Uint32Array(count),
    parent: new Int32Array(count),
    subtreeEnd: new Uint32Array(count),
    self: new Float64Array(count),
    total: new Float64Array(count),
    cut: new Uint32Array(count),
  };
  if (like.selfRight === undefined) return tree;
  return { ...tree, selfRight: new Float64Array(count), totalRight: new Float64Array(count) };
}
