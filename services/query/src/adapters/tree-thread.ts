import { createRequire } from 'node:module';
import type { PathTrie, StackSet, SymbolPoint, TrieStacks } from '@everflame/flamegraph';
import { UnavailableError } from '@everflame/profile';
import { WorkerThread } from '@everflame/service-kit';
import type { TreeJob, TreeOrder, TreeReply } from '../application/trees/tree-job.ts';
import { treeBytes, TreeMaker, type TreeRequest } from '../application/trees/tree-maker.ts';

const BODY = createRequire(import.meta.url).resolve('@everflame/query/tree.worker');

/**
 * A tree of fewer stacks is made within some milliseconds. With two threads at it, ten of them at once took a third more
 * CPU and not less time: what one thread has just read, the other has to fetch from memory again.
 */
const MIN_STACKS = 20_000;

type TreeBytes = ReturnType<typeof treeBytes>;

/** What the thread has of a trie. */
interface Known {
  readonly number: number;
  nodes: number;
  symbols: SymbolPoint;
}

/**
 * Makes large trees in a thread of their own, so that they hold up nobody. The thread has a copy of the trie and its
 * names as of the last job; what came since is sent with the values. (Shared memory would spare the copy, but V8 does not
 * count it, so that tries nobody needs any more would stay for a long time.) Stacks that lie on no trie, which filters and
 * groupings make, become trees where it is called.
 */
export class TreeThread extends TreeMaker {
  readonly #thread: WorkerThread<TreeOrder, TreeReply>;
  #known = new WeakMap<PathTrie, Known>();
  #tries = 0;
  readonly #gone = new FinalizationRegistry<number>((trie) => this.#thread.tell({ kind: 'forget', trie }));

  /** `onLost` hears why the thread ended without being told to; the next large tree starts another. */
  constructor(onLost: (reason: Error) => void, body: URL | string = BODY) {
    super();
    this.#thread = new WorkerThread({
      body,
      onLost: (reason) => {
        this.#known = new WeakMap();
        onLost(reason);
      },
    });
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }

  /** Throws `tree_thread_lost` when the thread ends over it or over a tree before it. */
  protected override async make(stacks: StackSet, request: TreeRequest): Promise<TreeBytes> {
    if (!('trie' in stacks) || stacks.nodes.length < MIN_STACKS) return treeBytes(stacks, request);
    const { nodes, left, right } = stacks;
    const reply = await this.#ask({ kind: 'make', ...this.#changesOf(stacks), nodes, left, right, request });
    if (reply.kind === 'made') return reply.bytes;
    // The thread may have missed what came with the job.
    this.#known = new WeakMap();
    throw new Error(`The tree cannot be made: ${reply.reason}`);
  }

  async #ask(job: TreeJob): Promise<TreeReply> {
    const { symbol, parent } = job.added;
    try {
      return await this.#thread.ask(job, [symbol.buffer, parent.buffer]);
    } catch (error) {
      throw new UnavailableError('tree_thread_lost', 'The thread that builds trees has ended.', {
        hint: 'Ask again; if it ends once more, ask for a narrower range or fewer nodes.',
        cause: error,
      });
    }
  }

  /** What the thread has not heard of yet. */
  #changesOf({ trie, symbols }: TrieStacks): Pick<TreeJob, 'trie' | 'added' | 'symbols'> {
    let known = this.#known.get(trie);
    if (known === undefined) {
      // Every trie begins with its root, and every table with the empty name.
      known = { number: this.#tries++, nodes: 1, symbols: { size: 1, lateFiles: 0 } };
      this.#known.set(trie, known);
      this.#gone.register(trie, known.number);
    }
    const added = trie.nodesSince(known.nodes);
    const changes = symbols.changesSince(known.symbols);
    known.nodes = trie.count;
    known.symbols = changes.upTo;
    return { trie: known.number, added, symbols: changes };
  }
}
