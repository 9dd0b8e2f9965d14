import { InvalidArgumentError } from '@everflame/profile';
import { pickDoubles, type StackSet } from '../stack-set.ts';
import type { SymbolTable } from '../symbol-table.ts';
import { type CallTree, finishTree, type TreeParts } from './call-tree.ts';
import { type NodeView, findPath, viewNodes } from './node-view.ts';
import { depthFirst } from './order-nodes.ts';
import { type Scratch, withScratch } from './scratch.ts';
import { selectLargest } from './select-largest.ts';

/** A tree that was cut, and how many nodes there were. */
export interface CutTree {
  readonly tree: CallTree;
  readonly nodes: number;
}

/**
 * Returns the tree of the stacks below a path of names, root first, below its chain of callers: node `path.length` is the
 * node of the path, and every node above it has that node's total and no self value. Undefined when the path leads
 * nowhere. Symbols are shared with the stacks.
 *
 * Of that the heaviest nodes stay (by `|total| + |totalRight|`), a node only together with its parent, `maxNodes` at
 * most with the root, and of equally heavy ones the first. Their values are those of the whole tree. Each parent that
 * lost children gets one stand-in as its last child: `cut` says how many nodes it hides and its values are exactly their
 * sum. Stand-ins come on top of `maxNodes`. Only the nodes that stay are put in order: a large tree of which little is
 * asked costs a few passes over numbers.
 */
export function buildCutTree(
  stacks: StackSet,
  { maxNodes, path = [] }: { readonly maxNodes: number; readonly path?: readonly string[] },
): CutTree | undefined {
  if (!(maxNodes >= 1)) throw new InvalidArgumentError(`A tree cannot be cut to ${maxNodes} nodes.`);
  return withScratch((scratch) => {
    const { symbols, left, right } = stacks;
    const view = viewNodes(stacks, scratch);
    const source = below({ symbols, view, ends: view.ends, left, right, scratch }, path);
    return source && cutNodes(source, Math.floor(maxNodes));
  });
}

/** What a tree is made of: nodes, and the stacks that end at some of them. */
interface Source {
  readonly symbols: SymbolTable;
  readonly view: NodeView;
  /** The node where each stack ends, and its values. */
  readonly ends: Uint32Array;
  readonly left: Float64Array;
  readonly right: Float64Array | undefined;
  readonly scratch: Scratch;
}

/** The stacks that go through the node of a path; undefined when there are none. */
function below(source: Source, path: readonly string[]): Source | undefined {
  if (path.length === 0) return source;
  const { symbols, view, ends, left, right } = source;
  const { parent } = view;
  const top = findPath(view, symbols, path);
  if (top < 0) return undefined;
  const stacks: number[] = [];
  for (let stack = 0; stack < ends.length; stack++) {
    let node = ends[stack] as number;
    // A parent comes before its children, so that its number is smaller.
    while (node > top) node = parent[node] as number;
    if (node === top) stacks.push(stack);
  }
  if (stacks.length === 0) return undefined;
  return {
    ...source,
    ends: Uint32Array.from(stacks, (stack) => ends[stack] as number),
    left: pickDoubles(left, stacks),
    right: right && pickDoubles(right, stacks),
  };
}

function cutNodes(source: Source, maxNodes: number): CutTree {
  const sums = sumUp(source);
  const nodes = sums.size[0] as number;
  const threshold = nodes <= maxNodes ? 0 : thresholdOf(sums, maxNodes, source.scratch);
  const heavy = nodesFrom(sums, threshold, source.scratch);
  const staying = orderStaying(source, heavy);
  const order =
    heavy.length > maxNodes ? firstOf(staying, sums, { threshold, maxNodes }, source.scratch) : staying.order;
  return { tree: treeOf(source, sums, { ...staying, order }), nodes };
}

/** What each node has below it; an element per node of the view. */
interface Sums {
  /** Nodes of the subtree that are on the path of a stack; 0 for a node that is on none. */
  readonly size: Uint32Array;
  readonly left: Float64Array;
  readonly right: Float64Array | undefined;
  /** What decides whether a node stays: never more than that of the parent. */
  readonly weight: Float64Array;
}

function sumUp(source: Source): Sums {
  const { view, ends, left, right, scratch } = source;
  const { count, parent } = view;
  const size = scratch.uint32(count);
  const totals = sumAtEnds(source, left);
  const totalsRight = right && sumAtEnds(source, right);
  size[0] = 1;
  for (let stack = 0; stack < ends.length; stack++) size[ends[stack] as number] = 1;
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
  const isPlain = right === undefined && left.every((value) => value >= 0);
  const weight = isPlain ? totals : weightsOf(totals, totalsRight, parent, scratch.float64(count));
  return { size, left: totals, right: totalsRight, weight };
}

/** By node the sum of the stacks that end there. */
function sumAtEnds({ view, ends, scratch }: Source, values: Float64Array): Float64Array {
  const sums = scratch.float64(view.count);
  for (let stack = 0; stack < ends.length; stack++) {
    const node = ends[stack] as number;
    sums[node] = (sums[node] as number) + (values[stack] as number);
  }
  return sums;
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
 * The weight of the `maxNodes`-th heaviest node. Doubles that are not negative are in the order of their bits: counting
 * the first 14 of them leaves only those to select from that are alike in these.
 */
function thresholdOf({ size, weight }: Sums, maxNodes: number, scratch: Scratch): number {
  const count = size.length;
  const words = new Uint32Array(weight.buffer, weight.byteOffset, count * 2);
  const classOf = (node: number): number => (words[node * 2 + HIGH_WORD] as number) >>> CLASS_SHIFT;
  const counts = scratch.uint32(CLASSES);
  for (let node = 0; node < count; node++) {
    if (size[node] === 0) continue;
    const own = classOf(node);
    counts[own] = (counts[own] as number) + 1;
  }
  let heavier = 0;
  let last = CLASSES - 1;
  for (; last > 0 && heavier + (counts[last] as number) < maxNodes; last--) heavier += counts[last] as number;
  const alike = scratch.float64(counts[last] as number);
  for (let node = 0, into = 0; node < count; node++) {
    if (size[node] !== 0 && classOf(node) === last) alike[into++] = weight[node] as number;
  }
  return selectLargest(alike, maxNodes - heavier);
}

/** The nodes on the path of a stack that weigh at least `threshold`, parents first; the root in any case. */
function nodesFrom({ size, weight }: Sums, threshold: number, scratch: Scratch): Uint32Array {
  const nodes = scratch.uint32(size.length);
  let length = 1;
  for (let node = 1; node < size.length; node++) {
    if (size[node] !== 0 && (weight[node] as number) >= threshold) nodes[length++] = node;
  }
  return nodes.subarray(0, length);
}

/** Nodes that may stay, and which of them do, in which order. */
interface Staying {
  /** Nodes of the view, parents first. */
  readonly nodes: Uint32Array;
  /** By index into `nodes`: symbol and the index of the parent, -1 for the root. */
  readonly symbol: Uint32Array;
  readonly parent: Int32Array;
  /** Indexes into `nodes`, depth first. */
  readonly order: Uint32Array;
}

function orderStaying({ symbols, view, scratch }: Source, nodes: Uint32Array): Staying {
  const { ids } = view;
  const indexOf = scratch.uint32(view.count);
  const symbol = scratch.uint32(nodes.length);
  const parent = scratch.int32(nodes.length);
  parent[0] = -1;
  for (let index = 1; index < nodes.length; index++) {
    const node = nodes[index] as number;
    indexOf[node] = index;
    symbol[index] = view.symbol[ids === undefined ? node : (ids[node] as number)] as number;
    parent[index] = indexOf[view.parent[node] as number] as number;
  }
  const order = view.isOrdered
    ? ascending(scratch.uint32(nodes.length))
    : depthFirst({ symbol, parent }, symbols, scratch);
  return { nodes, symbol, parent, order };
}

function ascending(order: Uint32Array): Uint32Array {
  for (let index = 0; index < order.length; index++) order[index] = index;
  return order;
}

/** The heavier nodes and, of those that weigh just the threshold, the first ones depth first. */
function firstOf(
  { nodes, order }: Staying,
  { weight }: Sums,
  { threshold, maxNodes }: { readonly threshold: number; readonly maxNodes: number },
  scratch: Scratch,
): Uint32Array {
  let spare = maxNodes;
  for (let index = 0; index < nodes.length; index++) {
    if ((weight[nodes[index] as number] as number) > threshold) spare--;
  }
  const first = scratch.uint32(maxNodes);
  let count = 0;
  for (let position = 0; position < order.length; position++) {
    const index = order[position] as number;
    const isTied = (weight[nodes[index] as number] as number) <= threshold;
    if (!isTied || spare-- > 0) first[count++] = index;
  }
  return first;
}

/** The tree of the nodes in `order`, with a stand-in as the last child of each that loses children. */
function treeOf(source: Source, sums: Sums, staying: Staying): CallTree {
  const { symbols, view, ends, left, right, scratch } = source;
  const { nodes, order } = staying;
  /** By node: 1 more than its index where it stays. */
  const indexOf = scratch.uint32(view.count);
  for (let position = 0; position < order.length; position++) {
    const index = order[position] as number;
    indexOf[nodes[index] as number] = index + 1;
  }
  const hidden = sumHidden(source, sums, indexOf, nodes.length);
  const count = order.length + hidden.owners;
  const parts = {
    symbols,
    symbol: new Uint32Array(count),
    parent: new Int32Array(count),
    self: new Float64Array(count),
    cut: new Uint32Array(count),
    ...(right && { selfRight: new Float64Array(count) }),
  };
  const positions = emitInOrder(staying, hidden, parts, scratch);
  const addSelf = (self: Float64Array, values: Float64Array): void => {
    for (let stack = 0; stack < ends.length; stack++) {
      const index = indexOf[ends[stack] as number] as number;
      if (index === 0) continue;
      const position = positions[index - 1] as number;
      self[position] = (self[position] as number) + (values[stack] as number);
    }
  };
  addSelf(parts.self, left);
  if (parts.selfRight !== undefined && right !== undefined) addSelf(parts.selfRight, right);
  return finishTree(parts);
}

/** Fills in all but the values of the nodes that stay. The result is the position of each by its index. */
function emitInOrder(
  { symbol, parent, order }: Staying,
  hidden: Hidden,
  into: TreeParts,
  scratch: Scratch,
): Uint32Array {
  const positions = scratch.uint32(symbol.length);
  let next = 0;
  const close = (index: number): void => {
    const cut = hidden.nodes[index] as number;
    if (cut === 0) return;
    into.parent[next] = positions[index] as number;
    into.cut[next] = cut;
    into.self[next] = hidden.left[index] as number;
    if (into.selfRight !== undefined) into.selfRight[next] = hidden.right[index] as number;
    next++;
  };
  let open = -1;
  for (let position = 0; position < order.length; position++) {
    const index = order[position] as number;
    const above = parent[index] as number;
    // The node before and those it lies in end where this one lies outside of them.
    for (; open !== above; open = parent[open] as number) close(open);
    positions[index] = next;
    into.symbol[next] = symbol[index] as number;
    into.parent[next] = above < 0 ? -1 : (positions[above] as number);
    next++;
    open = index;
  }
  for (; open >= 0; open = parent[open] as number) close(open);
  return positions;
}

interface Hidden {
  /** How many of the nodes that stay lose children. */
  readonly owners: number;
  /** By index of a node that stays: how many nodes it loses, and their values. */
  readonly nodes: Uint32Array;
  readonly left: Float64Array;
  readonly right: Float64Array;
}

function sumHidden(
  { view: { count, parent }, scratch }: Source,
  { size, left, right }: Sums,
  indexOf: Uint32Array,
  staying: number,
): Hidden {
  let owners = 0;
  const nodes = scratch.uint32(staying);
  const hiddenLeft = scratch.float64(staying);
  const hiddenRight = scratch.float64(right === undefined ? 0 : staying);
  for (let node = 1; node < count; node++) {
    if (size[node] === 0 || indexOf[node] !== 0) continue;
    const owner = (indexOf[parent[node] as number] as number) - 1;
    if (owner < 0) continue;
    if (nodes[owner] === 0) owners++;
    nodes[owner] = (nodes[owner] as number) + (size[node] as number);
    hiddenLeft[owner] = (hiddenLeft[owner] as number) + (left[node] as number);
    if (right !== undefined) {
      hiddenRight[owner] = (hiddenRight[owner] as number) + (right[node] as number);
    }
  }
  return { owners, nodes, left: hiddenLeft, right: hiddenRight };
}
