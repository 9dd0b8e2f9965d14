/** A trie as another thread reads it: nothing before `count` changes. */
export interface TrieArrays {
  readonly count: number;
  readonly symbol: Uint32Array;
  readonly parent: Int32Array;
  readonly slots: Int32Array;
}

/**
 * Call paths as nodes with a parent and a symbol, in order of appearance: a node comes after its parent. Children are
 * found through one open-addressing table of edges `(parent, symbol) -> node`. Node 0 is the root.
 */
export class PathTrie {
  #count = 1;
  #symbol: Uint32Array;
  #parent: Int32Array;
  // A slot holds a node id; 0 is free, since the root is nobody's child.
  #slots: Int32Array;
  #marks = new Uint32Array(0);
  readonly #isShared: boolean;

  /** `isShared`: in memory that other threads can read, see `arrays`. */
  constructor({ rootSymbol = 0, isShared = false } = {}) {
    this.#isShared = isShared;
    this.#symbol = new Uint32Array(this.#memory(1024));
    this.#parent = new Int32Array(this.#memory(1024));
    this.#slots = new Int32Array(this.#memory(4096));
    this.#parent[0] = -1;
    this.#symbol[0] = rootSymbol;
  }

  /** What `adopt` takes in another thread, as of now; nodes that are added later do not disturb who reads them. */
  get arrays(): TrieArrays {
    return { count: this.#count, symbol: this.#symbol, parent: this.#parent, slots: this.#slots };
  }

  /** Becomes what the trie of another thread was, to be read and not to be added to. */
  adopt({ count, symbol, parent, slots }: TrieArrays): void {
    this.#count = count;
    this.#symbol = symbol;
    this.#parent = parent;
    this.#slots = slots;
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

  /** The child of `parent` with that symbol, or -1. */
  find(parent: number, symbol: number): number {
    const node = this.#slots[this.#slotOf(parent, symbol)] as number;
    // The thread that owns the trie may have added some since.
    return node > 0 && node < this.#count ? node : -1;
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

  #memory(length: number): ArrayBufferLike {
    const bytes = length * 4;
    return this.#isShared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  }

  #growNodes(): void {
    const capacity = this.#symbol.length * 2;
    const symbol = new Uint32Array(this.#memory(capacity));
    symbol.set(this.#symbol);
    this.#symbol = symbol;
    const parent = new Int32Array(this.#memory(capacity));
    parent.set(this.#parent);
    this.#parent = parent;
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#memory(this.#slots.length * 2));
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
