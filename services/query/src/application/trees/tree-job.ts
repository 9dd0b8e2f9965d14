import { PathTrie, type SymbolChanges, SymbolTable, type TrieNodes } from '@everflame/flamegraph';
import { treeBytes, type TreeRequest } from './tree-maker.ts';

/** A tree to make, in a form that goes to another thread. */
export interface TreeJob {
  readonly kind: 'make';
  /** Number of the trie that the stacks lie on. */
  readonly trie: number;
  /** What the trie and its names have gained since the job before. */
  readonly added: TrieNodes;
  readonly symbols: SymbolChanges;
  /** As in `TrieStacks`. */
  readonly nodes: Uint32Array;
  readonly left: Float64Array;
  readonly right: Float64Array | undefined;
  readonly request: TreeRequest;
}

/** What a thread that makes trees is told. */
export type TreeOrder = TreeJob | { readonly kind: 'forget'; readonly trie: number };

/** What it says to a job: the bytes (undefined when the path leads nowhere), or what went wrong. */
export type TreeReply =
  | { readonly kind: 'made'; readonly bytes: Uint8Array<ArrayBuffer> | undefined }
  | { readonly kind: 'failed'; readonly reason: string };

/** Makes trees of jobs; keeps a copy of each trie and its names from one job to the next. */
export class TreeJobRunner {
  readonly #tries = new Map<number, { trie: PathTrie; symbols: SymbolTable }>();

  /** Undefined for an order that wants no answer. */
  run(order: TreeOrder): TreeReply | undefined {
    if (order.kind === 'forget') {
      this.#tries.delete(order.trie);
      return undefined;
    }
    try {
      return { kind: 'made', bytes: this.#make(order) };
    } catch (error) {
      return {
        kind: 'failed',
        reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
      };
    }
  }

  #make(job: TreeJob): Uint8Array<ArrayBuffer> | undefined {
    const { trie: number, added, symbols: changes, nodes, left, right, request } = job;
    const known = this.#tries.get(number) ?? { trie: new PathTrie(), symbols: new SymbolTable() };
    this.#tries.set(number, known);
    const { trie, symbols } = known;
    trie.append(added);
    symbols.apply(changes);
    return treeBytes({ symbols, trie, nodes, left, right }, request);
  }
}
