/** Nodes in order of appearance. */
export interface TrieNodes {
  /** The first of them. */
  readonly from: number;
  readonly symbol: Uint32Array<ArrayBuffer>;
  readonly parent: Int32Array<ArrayBuffer>;
}

/**
 * Call paths as nodes with a parent and a symbol, in order of appearance: a node comes after its parent. Children are
 * found through one open-addressing table of edges `(parent, symbol) -> node`. Node 0 is the root.
 */
export class PathTrie {
  #count = 1;
  #symbol = new Uint32Array(1024);
  #parent = new Int32Array(1024);
  // A slot holds a node id; 0 is free, since the root is nobody's child.
  #slots = new Int32Array(4096);
  #marks = new Uint32Array(0);

  constructor() {
    this.#parent[0] = -1;
  }

  /** A copy of the nodes from `count` on, for a copy of the trie that has those before. */
  nodesSince(count: number): TrieNodes {
    const symbol = this.#symbol.slice(count, this.#count);
    return { from: count, symbol, parent: this.#parent.slice(count, this.#count) };
  }

  /** Adds what `nodesSince` told. A trie that was made like this is read by node: it finds no children. */
  append({ from, symbol, parent }: TrieNodes): void {
    if (from !== this.#count) throw new Error(`Nodes from ${this.#count} to ${from} are missing.`);
    const count = this.#count + symbol.length;
    while (count > this.#symbol.length) this.#growNodes();
    this.#symbol.set(symbol, this.#count);
    this.#parent.set(parent, this.#count);
    this.#count = count;
  }

  /** Nodes, the root included. */
  get count(): number {
    return this.#count;
  }

  /** Symbol by node; longer than `count`, and valid until a node is added. */
  get symbol(): Uint32Array {
    return this.#symbol;
  }

  /** Parent by node, -1 for the root; longer than `count`, and valid until a node is added. */
  get parent(): Int32Array {
    return this.#parent;
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    return (
      this.#symbol.byteLength + this.#parent.byteLength + this.#slots.byteLength + this.#marks.byteLength
    );
  }

  /** The child of `parent` with that symbol, added when it is not there yet. */
  child(parent: number, symbol: number): number {
    const slot = this.#slotOf(parent, symbol);
    const known = this.#slots[slot] as number;
    if (known !== 0) return known;
    const node = this.#count++;
    this.#slots[slot] = node;
    if (node >= this.#symbol.length) this.#growNodes();
    this.#parent[node] = parent;
    this.#symbol[node] = symbol;
    if (this.#count * 2 > this.#slots.length) this.#growSlots();
    return node;
  }

  /**
   * A number per node for passes over some of them, all 0; who writes to it sets it back to 0 before anyone else can
   * run. Sparing an array per pass keeps small queries on a large trie cheap.
   */
  marks(): Uint32Array {
    if (this.#marks.length < this.#count) this.#marks = new Uint32Array(this.#symbol.length);
    return this.#marks;
  }

  /** The slot that has the edge, or the free one where it belongs. */
  #slotOf(parent: number, symbol: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashEdge(parent, symbol) & mask;
    for (;;) {
      const node = this.#slots[slot] as number;
      if (node === 0 || (this.#parent[node] === parent && this.#symbol[node] === symbol)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #growNodes(): void {
    const capacity = this.#symbol.length * 2;
    const symbol = new Uint32Array(capacity);
    symbol.set(this.#symbol);
    this.#symbol = symbol;
    const parent = new Int32Array(capacity);
    parent.set(this.#parent);
    this.#parent = parent;
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
