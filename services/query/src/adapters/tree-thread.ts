import { Worker } from 'node:worker_threads';
import {
  type Leaves,
  leavesBelow,
  leavesOf,
  type PathTrie,
  type StackSet,
  type SymbolPoint,
} from '@everflame/flamegraph';
import { UnavailableError } from '@everflame/profile';
import type { TreeJob, TreeOrder, TreeReply } from '../application/trees/tree-job.ts';
import { treeBytes, TreeMaker, type TreeRequest } from '../application/trees/tree-maker.ts';

/**
 * A tree of fewer stacks is made within some milliseconds. With two threads at it, ten of them at once took a third more
 * CPU and not less time: what one thread has just read, the other has to fetch from memory again.
 */
const MIN_STACKS = 20_000;

type TreeBytes = ReturnType<typeof treeBytes>;

/** A tree that the thread was told to make. */
interface Pending {
  readonly resolve: (bytes: TreeBytes) => void;
  readonly reject: (error: Error) => void;
}

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
  private readonly thread: URL;
  private readonly onLost: (error: Error) => void;
  /** From the first large tree on. */
  private worker: Worker | undefined;
  private known = new WeakMap<PathTrie, Known>();
  private tries = 0;
  private readonly gone = new FinalizationRegistry<number>((trie) => this.post({ kind: 'forget', trie }));
  /** In the order of the jobs, which is that of the replies. */
  private readonly pending: Pending[] = [];

  /** `thread` is the compiled body of the thread; `onLost` hears why it ended without being told to. */
  constructor(thread: URL, onLost: (error: Error) => void) {
    super();
    this.thread = thread;
    this.onLost = onLost;
  }

  override async close(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  /** Throws `tree_thread_lost` when the thread ends over it or over a tree before it. */
  protected override async make(stacks: StackSet, request: TreeRequest): Promise<TreeBytes> {
    const whole = leavesOf(stacks);
    if (whole === undefined || whole.nodes.length < MIN_STACKS) return treeBytes(stacks, request);
    const { path, ...rest } = request;
    const leaves = leavesBelow(whole, path);
    if (leaves === undefined) return undefined;
    this.worker ??= this.start();
    const { nodes, left, right } = leaves;
    this.post({ kind: 'make', ...this.changesOf(leaves), nodes, left, right, request: rest });
    return new Promise((resolve, reject) => this.pending.push({ resolve, reject }));
  }

  /** What the thread has not heard of yet. */
  private changesOf({ trie, symbols }: Leaves): Pick<TreeJob, 'trie' | 'added' | 'symbols'> {
    let known = this.known.get(trie);
    if (known === undefined) {
      // Every trie begins with its root, and every table with the empty name.
      known = { number: this.tries++, nodes: 1, symbols: { size: 1, lateFiles: 0 } };
      this.known.set(trie, known);
      this.gone.register(trie, known.number);
    }
    const added = trie.nodesSince(known.nodes);
    const changes = symbols.changesSince(known.symbols);
    known.nodes = trie.count;
    known.symbols = changes.upTo;
    return { trie: known.number, added, symbols: changes };
  }

  private post(order: TreeOrder): void {
    const moved = order.kind === 'make' ? [order.added.symbol.buffer, order.added.parent.buffer] : [];
    this.worker?.postMessage(order, moved);
  }

  private start(): Worker {
    // Compiled code needs no flag that this process may run with, such as where to find sources.
    const worker = new Worker(this.thread, { execArgv: [] });
    worker.unref();
    let reason = new Error('It ended without an error.');
    worker.on('message', (reply: TreeReply) => this.settle(reply));
    worker.on('error', (error) => (reason = error));
    worker.on('exit', () => {
      if (this.worker === worker) this.lose(reason);
    });
    return worker;
  }

  private settle(reply: TreeReply): void {
    const first = this.pending.shift();
    if (reply.kind === 'made') {
      first?.resolve(reply.bytes);
      return;
    }
    // It may have missed what came with the job.
    this.known = new WeakMap();
    first?.reject(new Error(`The tree cannot be made: ${reply.reason}`));
  }

  /** The next tree for the thread starts another, which knows nothing yet. */
  private lose(reason: Error): void {
    this.worker = undefined;
    this.known = new WeakMap();
    this.onLost(reason);
    for (const { reject } of this.pending.splice(0)) {
      reject(
        new UnavailableError('tree_thread_lost', 'The thread that builds trees has ended.', {
          hint: 'Ask again; if it ends once more, ask for a narrower range or fewer nodes.',
          cause: reason,
        }),
      );
    }
  }
}
