import { InvalidArgumentError } from '@everflame/profile';
import type { StackSet } from '../stack-set.ts';
import { buildCallTree } from './build-call-tree.ts';
import { type CallTree, finishTree, type TreeParts } from './call-tree.ts';
import { cutTree } from './cut-tree.ts';
import { depthFirst } from './order-tree.ts';
import { rankSymbols } from './rank-symbols.ts';
import { type Scratch, withScratch } from './scratch.ts';
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
  return below && withScratch((scratch) => cutLeaves(below, maxNodes, scratch));
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

function cutLeaves(leaves: Leaves, maxNodes: number, scratch: Scratch): CutTree {
  if (!(maxNodes >= 1)) throw new InvalidArgumentError(`A tree cannot be cut to ${maxNodes} nodes.`);
  const view = viewNodes(leaves, scratch);
  const sums = sumUp(view, leaves, scratch);
  const nodes = sums.size[0] as number;
  const wanted = Math.floor(maxNodes);
  const threshold = nodes <= wanted ? 0 : thresholdOf(sums, view.count, wanted, scratch);
  const heavy = nodesFrom(sums, view.count, threshold, scratch);
  const kept = keptNodes(leaves, view, heavy, scratch);
  const order = kept.nodes.length > wanted ? firstOf(kept, sums, threshold, wanted, scratch) : kept.order;
  return { tree: treeOfKept(leaves, view, sums, { ...kept, order }, scratch), nodes };
}

function sumUp({ count, parent, places }: NodeView, { left, right }: Leaves, scratch: Scratch): Sums {
  const size = scratch.uint32(count);
  const totals = scratch.float64(count);
  const totalsRight = right && scratch.float64(count);
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
    totalsRight === undefined && !hasNegative
      ? totals
      : weightsOf(totals, totalsRight, parent, scratch.float64(count));
  return { size, left: totals, right: totalsRight, weight };
}

/** `|left| + |right|`; where values of both signs meet, a child can outweigh its parent, so that counts at most. */
function weightsOf(
  left: Float64Array,
  right: Float64Array | undefined,
  parent: Int32Array,
  weight: Float64Array,
): Float64Array {
  weight[0] = Infinity;
  for (let node = 1; node < weight.length; node++) {
    const own = Math.abs(left[node] as number) + Math.abs(right?.[node] ?? 0);
    weight[node] = Math.min(own, weight[parent[node] as number] as number);
  }
  return weight;
}

/** Where the sign, the exponent and the first digits of a double are, in its two 32-bit words. */
const HIGH_WORD = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;
const CLASS_SHIFT = 18;
const CLASSES = 2 ** (31 - CLASS_SHIFT);

/**
 * The weight of the `wanted`-th heaviest node. Doubles that are not negative are in the order of their bits: counting
 * the first 14 of them leaves only those to select from that are alike in these.
 */
function thresholdOf({ size, weight }: Sums, count: number, wanted: number, scratch: Scratch): number {
  const words = new Uint32Array(weight.buffer, weight.byteOffset, count * 2);
  const classOf = (node: number): number => (words[node * 2 + HIGH_WORD] as number) >>> CLASS_SHIFT;
  const counts = scratch.uint32(CLASSES);
  for (let node = 0; node < count; node++) {
    if (size[node] === 0) continue;
    const own = classOf(node);
    counts[own] = (counts[own] as number) + 1;
  }
  let above = 0;
  let at = CLASSES - 1;
  for (; at > 0 && above + (counts[at] as number) < wanted; at--) above += counts[at] as number;
  const alike = scratch.float64(counts[at] as number);
  for (let node = 0, into = 0; node < count; node++) {
    if (size[node] !== 0 && classOf(node) === at) alike[into++] = weight[node] as number;
  }
  return selectLargest(alike, wanted - above).threshold;
}

/** The nodes on the path of a stack that weigh at least `threshold`, parents first; the root in any case. */
function nodesFrom({ size, weight }: Sums, count: number, threshold: number, scratch: Scratch): Uint32Array {
  const kept = scratch.uint32(count);
  let length = 1;
  for (let node = 1; node < count; node++) {
    if (size[node] !== 0 && (weight[node] as number) >= threshold) kept[length++] = node;
  }
  return kept.subarray(0, length);
}

/** Nodes to keep, and which of them stay in which order. */
interface Kept {
  /** Nodes of the view, parents first. */
  readonly nodes: Uint32Array;
  /** By place in `nodes`: symbol and the place of the parent, -1 for the root. */
  readonly symbol: Uint32Array;
  readonly parent: Int32Array;
  /** Places in `nodes`, depth first. */
  readonly order: Uint32Array;
}

function keptNodes(
  { symbols, trie }: Leaves,
  { count, parent, ids }: NodeView,
  nodes: Uint32Array,
  scratch: Scratch,
): Kept {
  const placeOf = scratch.uint32(count);
  const symbol = scratch.uint32(nodes.length);
  const above = scratch.int32(nodes.length);
  above[0] = -1;
  const symbolOf = trie.symbol;
  for (let place = 1; place < nodes.length; place++) {
    const node = nodes[place] as number;
    placeOf[node] = place;
    symbol[place] = symbolOf[ids === undefined ? node : (ids[node] as number)] as number;
    above[place] = placeOf[parent[node] as number] as number;
  }
  const order = depthFirst({ count: nodes.length, symbol, parent: above }, rankSymbols(symbols), scratch);
  return { nodes, symbol, parent: above, order };
}

/** The heavier nodes and, of those that weigh just the threshold, the first ones depth first. */
function firstOf(
  { nodes, order }: Kept,
  { weight }: Sums,
  threshold: number,
  wanted: number,
  scratch: Scratch,
): Uint32Array {
  let spare = wanted;
  for (let place = 0; place < nodes.length; place++) {
    if ((weight[nodes[place] as number] as number) > threshold) spare--;
  }
  const first = scratch.uint32(wanted);
  let count = 0;
  for (let index = 0; index < order.length; index++) {
    const place = order[index] as number;
    const isTied = (weight[nodes[place] as number] as number) <= threshold;
    if (!isTied || spare-- > 0) first[count++] = place;
  }
  return first;
}

/** The tree of the nodes in `order`, with a stand-in as the last child of each that loses children. */
function treeOfKept(leaves: Leaves, view: NodeView, sums: Sums, kept: Kept, scratch: Scratch): CallTree {
  const { nodes, order } = kept;
  const placeOf = scratch.uint32(view.count);
  for (let index = 0; index < order.length; index++) {
    const place = order[index] as number;
    placeOf[nodes[place] as number] = place + 1;
  }
  const hidden = hiddenBelow(view, sums, placeOf, nodes.length, scratch);
  const count = order.length + hidden.owners;
  const isDiff = sums.right !== undefined;
  const parts = {
    symbols: leaves.symbols,
    symbol: new Uint32Array(count),
    parent: new Int32Array(count),
    self: new Float64Array(count),
    cut: new Uint32Array(count),
    ...(isDiff ? { selfRight: new Float64Array(count) } : {}),
  };
  const positions = emitInOrder(kept, hidden, parts, scratch);
  const addSelf = (self: Float64Array, values: Float64Array): void => {
    for (let stack = 0; stack < view.places.length; stack++) {
      const place = placeOf[view.places[stack] as number] as number;
      if (place === 0) continue;
      const at = positions[place - 1] as number;
      self[at] = (self[at] as number) + (values[stack] as number);
    }
  };
  addSelf(parts.self, leaves.left);
  if (parts.selfRight !== undefined && leaves.right !== undefined) addSelf(parts.selfRight, leaves.right);
  return finishTree(parts);
}

/** Fills in all but the values of kept nodes. The result is the position of each by its place. */
function emitInOrder(
  { symbol, parent, order }: Kept,
  hidden: Hidden,
  into: TreeParts,
  scratch: Scratch,
): Uint32Array {
  const positions = scratch.uint32(symbol.length);
  let next = 0;
  const close = (place: number): void => {
    const cut = hidden.nodes[place] as number;
    if (cut === 0) return;
    into.parent[next] = positions[place] as number;
    into.cut[next] = cut;
    into.self[next] = hidden.left[place] as number;
    if (into.selfRight !== undefined) into.selfRight[next] = hidden.right[place] as number;
    next++;
  };
  let open = -1;
  for (let index = 0; index < order.length; index++) {
    const place = order[index] as number;
    const above = parent[place] as number;
    // The node before and what is above it ends where this one lies outside of it.
    for (; open !== above; open = parent[open] as number) close(open);
    positions[place] = next;
    into.symbol[next] = symbol[place] as number;
    into.parent[next] = above < 0 ? -1 : (positions[above] as number);
    next++;
    open = place;
  }
  for (; open >= 0; open = parent[open] as number) close(open);
  return positions;
}

interface Hidden {
  /** How many kept nodes lose children. */
  readonly owners: number;
  /** By place of a kept node: how many nodes it loses, and their values. */
  readonly nodes: Uint32Array;
  readonly left: Float64Array;
  readonly right: Float64Array;
}

function hiddenBelow(
  view: NodeView,
  sums: Sums,
  placeOf: Uint32Array,
  keptCount: number,
  scratch: Scratch,
): Hidden {
  const { count, parent } = view;
  const { size, left, right } = sums;
  let owners = 0;
  const nodes = scratch.uint32(keptCount);
  const hiddenLeft = scratch.float64(keptCount);
  const hiddenRight = scratch.float64(right === undefined ? 0 : keptCount);
  for (let node = 1; node < count; node++) {
    if (size[node] === 0 || placeOf[node] !== 0) continue;
    const place = placeOf[parent[node] as number] as number;
    if (place === 0) continue;
    const owner = place - 1;
    if (nodes[owner] === 0) owners++;
    nodes[owner] = (nodes[owner] as number) + (size[node] as number);
    hiddenLeft[owner] = (hiddenLeft[owner] as number) + (left[node] as number);
    if (right !== undefined) {
      hiddenRight[owner] = (hiddenRight[owner] as number) + (right[node] as number);
    }
  }
  return { owners, nodes, left: hiddenLeft, right: hiddenRight };
}
