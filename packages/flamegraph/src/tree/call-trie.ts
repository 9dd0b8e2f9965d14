import type { SymbolTable } from '../symbol-table.ts';
import { finishTree, type CallTree } from './call-tree.ts';
import { rankSymbols, STAND_IN, type RankedSymbols } from './rank-symbols.ts';

/**
 * A tree under construction: nodes in order of appearance, children found through one open-addressing table
 * of edges `(parent, symbol) -> node`. Node 0 is the root.
 */
export class CallTrie {
  #count = 1;
  #symbol = new Uint32Array(1024);
  #parent = new Int32Array(1024);
  #self = new Float64Array(1024);
  #selfRight: Float64Array<ArrayBuffer> | undefined;
  #cut: Uint32Array<ArrayBuffer> | undefined;
  // A slot holds a node id; 0 is free, since the root is nobody's child.
  #slots = new Int32Array(4096);

  constructor(options: { isDiff: boolean; rootSymbol?: number }) {
    this.#parent[0] = -1;
    this.#symbol[0] = options.rootSymbol ?? 0;
    if (options.isDiff) this.#selfRight = new Float64Array(1024);
  }

  /** The child of `parent` with that symbol, added when it is not there yet. */
  child(parent: number, symbol: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashEdge(parent, symbol) & mask;
    for (;;) {
      const node = this.#slots[slot] as number;
      if (node === 0) break;
      if (this.#parent[node] === parent && this.#symbol[node] === symbol) return node;
      slot = (slot + 1) & mask;
    }
    const node = this.#count++;
    this.#slots[slot] = node;
    if (node >= this.#symbol.length) this.#growNodes();
    this.#parent[node] = parent;
    this.#symbol[node] = symbol;
    if (this.#count * 2 > this.#slots.length) this.#growSlots();
    return node;
  }

  addSelf(node: number, left: number, right: number): void {
    this.#self[node] = (this.#self[node] as number) + left;
    if (this.#selfRight !== undefined) this.#selfRight[node] = (this.#selfRight[node] as number) + right;
  }

  addCut(node: number, nodes: number): void {
    this.#cut ??= new Uint32Array(this.#symbol.length);
    this.#cut[node] = (this.#cut[node] as number) + nodes;
  }

  /** The call tree: nodes depth first, siblings by name. */
  toTree(symbols: SymbolTable): CallTree {
    const used = this.#symbol.subarray(0, this.#count);
    const order = this.#preorder(rankSymbols(symbols, used));
    const count = this.#count;
    const renumbered = new Uint32Array(count);
    const symbol = new Uint32Array(count);
    const parent = new Int32Array(count);
    const self = new Float64Array(count);
    const cut = new Uint32Array(count);
    const selfRight = this.#selfRight === undefined ? undefined : new Float64Array(count);
    parent[0] = -1;
    for (let node = 0; node < count; node++) {
      const from = order[node] as number;
      renumbered[from] = node;
      if (node > 0) parent[node] = renumbered[this.#parent[from] as number] as number;
      const own = this.#symbol[from] as number;
      symbol[node] = own === STAND_IN ? 0 : own;
      self[node] = this.#self[from] as number;
      if (this.#cut !== undefined) cut[node] = this.#cut[from] as number;
      if (selfRight !== undefined && this.#selfRight !== undefined) {
        selfRight[node] = this.#selfRight[from] as number;
      }
    }
    const parts = { symbols, symbol, parent, self, cut };
    return finishTree(selfRight === undefined ? parts : { ...parts, selfRight });
  }

  /** Node ids depth first. Siblings get their order from one counting sort of all nodes by rank. */
  #preorder(ranked: RankedSymbols): Uint32Array {
    const count = this.#count;
    const byRank = sortByRank(this.#symbol, count, ranked);
    const firstChild = new Uint32Array(count);
    const nextSibling = new Uint32Array(count);
    for (let index = byRank.length - 1; index >= 0; index--) {
      const node = byRank[index] as number;
      const parent = this.#parent[node] as number;
      nextSibling[node] = firstChild[parent] as number;
      firstChild[parent] = node;
    }
    const order = new Uint32Array(count);
    let node = 0;
    for (let index = 1; index < count; index++) {
      let next = firstChild[node] as number;
      while (next === 0) {
        next = nextSibling[node] as number;
        if (next === 0) node = this.#parent[node] as number;
      }
      order[index] = next;
      node = next;
    }
    return order;
  }

  #growNodes(): void {
    const capacity = this.#symbol.length * 2;
    const { symbol, parent, self } = { symbol: this.#symbol, parent: this.#parent, self: this.#self };
    this.#symbol = new Uint32Array(capacity);
    this.#symbol.set(symbol);
    this.#parent = new Int32Array(capacity);
    this.#parent.set(parent);
    this.#self = new Float64Array(capacity);
    this.#self.set(self);
    if (this.#selfRight !== undefined) {
      const selfRight = this.#selfRight;
      this.#selfRight = new Float64Array(capacity);
      this.#selfRight.set(selfRight);
    }
    if (this.#cut !== undefined) {
      const cut = this.#cut;
      this.#cut = new Uint32Array(capacity);
      this.#cut.set(cut);
    }
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let node = 1; node < this.#count; node++) {
      let slot = hashEdge(this.#parent[node] as number, this.#symbol[node] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = node;
    }
    this.#slots = slots;
  }
}

function hashEdge(parent: number, symbol: number): number {
  const mixed = Math.imul(parent, 0x9e37_79b1) ^ Math.imul(symbol + 1, 0x85eb_ca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b_3c6d) >>> 7;
}

/** Nodes 1 to `count` by rank of their symbol. */
function sortByRank(symbol: Uint32Array, count: number, { byRank, rank }: RankedSymbols): Uint32Array {
  const ranks = byRank.length + 1;
  const ends = new Uint32Array(ranks + 1);
  const rankAt = (node: number): number => {
    const id = symbol[node] as number;
    return id === STAND_IN ? ranks - 1 : (rank[id] as number);
  };
  for (let node = 1; node < count; node++) {
    const at = rankAt(node) + 1;
    ends[at] = (ends[at] as number) + 1;
  }
  for (let at = 1; at <= ranks; at++) ends[at] = (ends[at] as number) + (ends[at - 1] as number);
  const sorted = new Uint32Array(Math.max(0, count - 1));
  for (let node = 1; node < count; node++) {
    const at = rankAt(node);
    const position = ends[at] as number;
    sorted[position] = node;
    ends[at] = position + 1;
  }
  return sorted;
}
