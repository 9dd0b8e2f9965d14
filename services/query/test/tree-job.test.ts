import { PathTrie, type StackSet, type SymbolPoint, SymbolTable } from '@everflame/flamegraph';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TreeJobRunner, type TreeJob, type TreeReply } from '../src/application/trees/tree-job.ts';
import { treeBytes, type TreeRequest } from '../src/application/trees/tree-maker.ts';

const REQUEST: TreeRequest = {
  header: {
    type: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
    kind: 'interval',
    unit: 'nanoseconds',
    normalize: 'none',
    left: {
      query: '{}',
      from: 0,
      to: 1,
      profiles: 1,
      series: 1,
      instanceSeconds: 1,
      total: 1,
      exact: true,
      otherKindProfiles: 0,
    },
  },
  path: [],
  maxNodes: 100,
  format: 'columns',
};

interface Frame {
  readonly name: string;
  readonly file: string;
}

/** What the owner of a trie does: adds stacks, and says what a thread has not heard of yet. */
class Owner {
  readonly #symbols = new SymbolTable();
  readonly #trie = new PathTrie();
  #told: SymbolPoint = { size: 1, lateFiles: 0 };
  #nodes = 1;
  readonly #number: number;

  constructor(number: number) {
    this.#number = number;
  }

  /** Stacks of frames, root first. */
  add(stacks: readonly (readonly Frame[])[]): Uint32Array {
    return Uint32Array.from(stacks, (frames) =>
      frames.reduce((node, { name, file }) => this.#trie.child(node, this.#symbols.intern(name, file)), 0),
    );
  }

  stacks(nodes: Uint32Array, left: Float64Array): StackSet {
    return { symbols: this.#symbols, trie: this.#trie, nodes, left };
  }

  job(nodes: Uint32Array, left: Float64Array, request: TreeRequest): TreeJob {
    const symbols = this.#symbols.changesSince(this.#told);
    this.#told = symbols.upTo;
    const added = this.#trie.nodesSince(this.#nodes);
    this.#nodes = this.#trie.count;
    return { kind: 'make', trie: this.#number, added, symbols, nodes, left, right: undefined, request };
  }
}

function bytesOf(reply: TreeReply | undefined): Uint8Array | undefined {
  if (reply?.kind !== 'made') throw new Error(JSON.stringify(reply));
  return reply.bytes;
}

const anyFrame = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'é', '𝛌', 'main.main'),
  file: fc.constantFrom('', 'a.go', 'b.go'),
});
const anyRound = fc.array(fc.array(anyFrame, { maxLength: 8 }), { minLength: 1, maxLength: 30 });

describe('TreeJobRunner', () => {
  it('makes what is made where the trie is, while that grows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2), anyRound, fc.constantFrom('columns', 'json')), { maxLength: 8 }),
        (rounds) => {
          const runner = new TreeJobRunner();
          const owners = [new Owner(0), new Owner(1), new Owner(2)];
          for (const [index, stacks, format] of rounds) {
            const owner = owners[index] as Owner;
            const nodes = owner.add(stacks);
            const left = Float64Array.from(nodes, (_, stack) => stack + 1);
            const request = { ...REQUEST, format, maxNodes: 20 } as const;
            // As another thread gets it.
            const reply = runner.run(structuredClone(owner.job(nodes, left, request)));
            expect(bytesOf(reply)).toEqual(treeBytes(owner.stacks(nodes, left), request));
          }
        },
      ),
    );
  });

  it('learns a file that came after its name', () => {
    const owner = new Owner(0);
    const runner = new TreeJobRunner();
    const left = Float64Array.of(1);
    const nodes = owner.add([[{ name: 'a', file: '' }]]);
    runner.run(owner.job(nodes, left, REQUEST));
    owner.add([[{ name: 'a', file: 'late.go' }]]);
    const json = { ...REQUEST, format: 'json' } as const;
    const bytes = bytesOf(runner.run(owner.job(nodes, left, json)));
    expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({
      tree: { names: ['', 'a'], files: ['', 'late.go'] },
    });
  });

  it('says what went wrong and goes on', () => {
    const owner = new Owner(0);
    const runner = new TreeJobRunner();
    const left = Float64Array.of(1);
    const nodes = owner.add([[{ name: 'a', file: '' }]]);
    const failed = runner.run(owner.job(nodes, left, { ...REQUEST, maxNodes: 0 }));
    expect(failed).toMatchObject({ kind: 'failed', reason: expect.stringContaining('0 nodes') as unknown });
    expect(bytesOf(runner.run(owner.job(nodes, left, REQUEST)))).toBeDefined();
  });

  it('forgets a trie that is gone', () => {
    const runner = new TreeJobRunner();
    const left = Float64Array.of(1);
    const namesOf = (owner: Owner, name: string): unknown => {
      const nodes = owner.add([[{ name, file: '' }]]);
      const bytes = bytesOf(runner.run(owner.job(nodes, left, { ...REQUEST, format: 'json' })));
      return (JSON.parse(new TextDecoder().decode(bytes)) as { tree: { names: string[] } }).tree.names;
    };
    expect(namesOf(new Owner(7), 'a')).toEqual(['', 'a']);
    expect(runner.run({ kind: 'forget', trie: 7 })).toBeUndefined();
    expect(namesOf(new Owner(7), 'b')).toEqual(['', 'b']);
  });

  it('refuses to make a tree when it has missed something', () => {
    const runner = new TreeJobRunner();
    const left = Float64Array.of(1);
    const nodesMissed = new Owner(1);
    const nodes = nodesMissed.add([[{ name: 'a', file: '' }]]);
    nodesMissed.job(nodes, left, REQUEST);
    const job = nodesMissed.job(
      nodesMissed.add([[{ name: 'a', file: '' }], [{ name: 'b', file: '' }]]),
      left,
      REQUEST,
    );
    expect(runner.run(job)).toMatchObject({ kind: 'failed' });
    const namesMissed = new Owner(2);
    namesMissed.add([[{ name: 'a', file: '' }]]);
    const { symbols, ...rest } = namesMissed.job(nodes, left, REQUEST);
    expect(runner.run({ ...rest, symbols: { ...symbols, names: [], files: [] } })).toMatchObject({
      kind: 'failed',
    });
  });
});
