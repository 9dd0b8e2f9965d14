import type { SymbolTable } from '../symbol-table.ts';
import type { CallTree } from './call-tree.ts';
import { orderTree } from './order-tree.ts';
import { PathTrie } from './path-trie.ts';

/** A tree under construction: paths with values of their own, and counts of what was cut. */
export class CallTrie {
  readonly #paths: PathTrie;
  #self = new Float64Array(1024);
  #selfRight: Float64Array<ArrayBuffer> | undefined;
  #cut: Uint32Array<ArrayBuffer> | undefined;

  constructor(options: { isDiff: boolean; rootSymbol?: number }) {
    this.#paths = new PathTrie(options.rootSymbol);
    if (options.isDiff) this.#selfRight = new Float64Array(1024);
  }

  /** The child of `parent` with that symbol, added when it is not there yet. */
  child(parent: number, symbol: number): number {
    const node = this.#paths.child(parent, symbol);
    if (node >= this.#self.length) this.#grow();
    return node;
  }

  addSelf(node: number, left: number, right: number): void {
    this.#self[node] = (this.#self[node] as number) + left;
    if (this.#selfRight !== undefined) this.#selfRight[node] = (this.#selfRight[node] as number) + right;
  }

  addCut(node: number, nodes: number): void {
    this.#cut ??= new Uint32Array(this.#self.length);
    this.#cut[node] = (this.#cut[node] as number) + nodes;
  }

  /** The call tree: nodes depth first, siblings by name. */
  toTree(symbols: SymbolTable): CallTree {
    const { count, symbol, parent } = this.#paths;
    return orderTree({
      symbols,
      count,
      symbol,
      parent,
      self: this.#self,
      selfRight: this.#selfRight,
      cut: this.#cut,
    });
  }

  #grow(): void {
    const capacity = this.#self.length * 2;
    this.#self = copyInto(new Float64Array(capacity), this.#self);
    if (this.#selfRight !== undefined) {
      this.#selfRight = copyInto(new Float64Array(capacity), this.#selfRight);
    }
    if (this.#cut !== undefined) this.#cut = copyInto(new Uint32Array(capacity), this.#cut);
  }
}

function copyInto<T extends Float64Array | Uint32Array>(target: T, source: T): T {
  target.set(source);
  return target;
}
