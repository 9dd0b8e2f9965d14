import type { StackSet } from '../stack-set.ts';
import { buildCallTree } from './build-call-tree.ts';
import type { CallTree } from './call-tree.ts';
import { cutTree } from './cut-tree.ts';
import { orderTree } from './order-tree.ts';
import { STAND_IN } from './rank-symbols.ts';
import { selectLargest } from './select-largest.ts';
import { subtree } from './subtree.ts';
import { type Leaves, leavesBelow, leavesOf, type NodeView, viewNodes } from './trie-stacks.ts';

/** A tree that was cut, and how many nodes there were. */
export interface CutTree {
  readonly tree: CallTree;
  readonly nodes: number;
}

/**
 * The tree of the stacks below a path of names (see `subtree`), cut to `maxNodes` (see `cutTree`); undefined when the
 * path leads nowhere. Of stacks on a trie only the nodes that stay are put in order: a large tree of which little is
 * asked costs a few passes over numbers.
 */
export function buildCutTree(
  stacks: StackSet,
  { maxNodes, path = [] }: { readonly maxNodes: number; readonly path?: readonly string[] },
): CutTree | undefined {
  const leaves = leavesOf(stacks);
  if (leaves === undefined) {
    const whole = subtree(buildCallTree(stacks), path);
    return whole && { tree: cutTree(whole, maxNodes), nodes: whole.count };
  }
  const below = leavesBelow(leaves, path);
  return below && cutLeaves(below, maxNodes);
}

/** What each node has below it; an element per node of the view. */
interface Sums {
  /** Nodes of the subtree that are on the path of a stack; 0 for a node that is on none. */
  readonly size: Uint32Array;
  readonly left: Float64Array;
  readonly right: Float64Array | undefined;
  /** What nodes are kept by: never more than that of the parent. */
  readonly weight: Float64Array;
}

function cutLeaves(leaves: Leaves, maxNodes: number): CutTree {
  const view = viewNodes(leaves);
  const sums = sumUp(view, leaves);
  const nodes = sums.size[0] as number;
  const threshold = nodes <= maxNodes ? 0 : thresholdOf(sums, view.count, Math.floor(maxNodes));
  const kept = nodesFrom(sums, view.count, threshold);
  const tree = treeOfKept(leaves, view, sums, kept);
  return { tree: kept.length > maxNodes ? cutTree(tree, maxNodes) : tree, nodes };
}

function sumUp({ count, parent, places }: NodeView, { left, right }: Leaves): Sums {
  const size = new Uint32Array(count);
  const totals = new Float64Array(count);
  const totalsRight = right && new Float64Array(count);
  let hasNegative = false;
  size[0] = 1;
  for (let stack = 0; stack < places.length; stack++) {
    const at = places[stack] as number;
    size[at] = 1;
    const value = left[stack] as number;
    const valueRight = right?.[stack] ?? 0;
    if (value < 0 || valueRight < 0) hasNegative = true;
    totals[at] = (totals[at] as number) + value;
    if (totalsRight !== undefined) totalsRight[at] = (totalsRight[at] as number) + valueRight;
  }
  for (let node = count - 1; node > 0; node--) {
    const own = size[node] as number;
    if (own === 0) continue;
    const above = parent[node] as number;
    const before = size[above] as number;
    size[above] = (before === 0 ? 1 : before) + own;
    totals[above] = (totals[above] as number) + (totals[node] as number);
    if (totalsRight !== undefined) {
      totalsRight[above] = (totalsRight[above] as number) + (totalsRight[node] as number);
    }
  }
  const weight =
    totalsRight === undefined && !hasNegative ? totals : weightsOf(totals, totalsRight, parent, count);
  return { size, left: totals, right: totalsRight, weight };
}

/** `|left| + |right|`; where values of both signs meet, a child can outweigh its parent, so that counts at most. */
function weightsOf(
  left: Float64Array,
  right: Float64Array | undefined,
  parent: Int32Array,
  count: number,
): Float64Array {
  const weight = new Float64Array(count);
  weight[0] = Infinity;
  for (let node = 1; node < count; node++) {
    const own = Math.abs(left[node] as number) + Math.abs(right?.[node] ?? 0);
    weight[node] = Math.min(own, weight[parent[node] as number] as number);
  }
  return weight;
}

/** One in so many nodes is looked at to guess the threshold. */
const SAMPLE_EVERY = 61;

/** The weight of the `wanted`-th heaviest node. A sample leaves aside most of what is lighter. */
function thresholdOf({ size, weight }: Sums, count: number, wanted: number): number {
  const sample: number[] = [];
  for (let node = 0; node < count; node += SAMPLE_EVERY) {
    if (size[node] !== 0) sample.push(weight[node] as number);
  }
  const sorted = Float64Array.from(sample).toSorted();
  const guess = sorted[sorted.length - Math.ceil((wanted * 1.5) / SAMPLE_EVERY) - 16] ?? -1;
  for (const least of [guess, -1]) {
    const found = weightsFrom(size, weight, count, least);
    if (found.length >= wanted) return selectLargest(found, wanted).threshold;
  }
  return 0;
}

function weightsFrom(size: Uint32Array, weight: Float64Array, count: number, least: number): Float64Array {
  let length = 0;
  for (let node = 0; node < count; node++) {
    if (size[node] !== 0 && (weight[node] as number) >= least) length++;
  }
  const found = new Float64Array(length);
  for (let node = 0, into = 0; node < count; node++) {
    if (size[node] !== 0 && (weight[node] as number) >= least) found[into++] = weight[node] as number;
  }
  return found;
}

/** The nodes on the path of a stack that weigh at least `threshold`, parents first; the root in any case. */
function nodesFrom({ size, weight }: Sums, count: number, threshold: number): Uint32Array {
  let length = 1;
  for (let node = 1; node < count; node++) {
    if (size[node] !== 0 && (weight[node] as number) >= threshold) length++;
  }
  const kept = new Uint32Array(length);
  for (let node = 1, into = 1; node < count; node++) {
    if (size[node] !== 0 && (weight[node] as number) >= threshold) kept[into++] = node;
  }
  return kept;
}

/** The kept nodes in order, with a stand-in below each that loses children. */
function treeOfKept(leaves: Leaves, view: NodeView, sums: Sums, kept: Uint32Array): CallTree {
  const { count, parent, places, idOf } = view;
  const placeOf = new Uint32Array(count);
  for (let index = 0; index < kept.length; index++) placeOf[kept[index] as number] = index + 1;
  const hidden = hiddenBelow(view, sums, placeOf, kept.length);
  const standIns = hidden.owners.length;
  const all = kept.length + standIns;
  const symbol = new Uint32Array(all);
  const above = new Int32Array(all);
  const cut = new Uint32Array(all);
  const self = new Float64Array(all);
  const selfRight = sums.right && new Float64Array(all);
  above[0] = -1;
  for (let index = 1; index < kept.length; index++) {
    const node = kept[index] as number;
    symbol[index] = leaves.trie.symbol[idOf(node)] as number;
    above[index] = (placeOf[parent[node] as number] as number) - 1;
  }
  addSelf(self, places, placeOf, leaves.left);
  if (selfRight !== undefined && leaves.right !== undefined) {
    addSelf(selfRight, places, placeOf, leaves.right);
  }
  for (let index = 0; index < standIns; index++) {
    const owner = hidden.owners[index] as number;
    const into = kept.length + index;
    symbol[into] = STAND_IN;
    above[into] = owner;
    cut[into] = hidden.nodes[owner] as number;
    self[into] = hidden.left[owner] as number;
    if (selfRight !== undefined) selfRight[into] = hidden.right[owner] as number;
  }
  return orderTree({ symbols: leaves.symbols, count: all, symbol, parent: above, self, selfRight, cut });
}

function addSelf(self: Float64Array, places: Uint32Array, placeOf: Uint32Array, values: Float64Array): void {
  for (let stack = 0; stack < places.length; stack++) {
    const place = placeOf[places[stack] as number] as number;
    if (place > 0) self[place - 1] = (self[place - 1] as number) + (values[stack] as number);
  }
}

interface Hidden {
  /** Kept nodes that lose children. */
  readonly owners: readonly number[];
  /** By kept node: how many nodes it loses, and their values. */
  readonly nodes: Uint32Array;
  readonly left: Float64Array;
  readonly right: Float64Array;
}

function hiddenBelow(view: NodeView, sums: Sums, placeOf: Uint32Array, keptCount: number): Hidden {
  const { count, parent } = view;
  const { size, left, right } = sums;
  const owners: number[] = [];
  const nodes = new Uint32Array(keptCount);
  const hiddenLeft = new Float64Array(keptCount);
  const hiddenRight = new Float64Array(right === undefined ? 0 : keptCount);
  for (let node = 1; node < count; node++) {
    if (size[node] === 0 || placeOf[node] !== 0) continue;
    const place = placeOf[parent[node] as number] as number;
    if (place === 0) continue;
    const owner = place - 1;
    if (nodes[owner] === 0) owners.push(owner);
    nodes[owner] = (nodes[owner] as number) + (size[node] as number);
    hiddenLeft[owner] = (hiddenLeft[owner] as number) + (left[node] as number);
    if (right !== undefined) {
      hiddenRight[owner] = (hiddenRight[owner] as number) + (right[node] as number);
    }
  }
  return { owners, nodes, left: hiddenLeft, right: hiddenRight };
}
