import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { decodeTree, PathTrie, type StackSet, SymbolTable } from '@everflame/flamegraph';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TreeThread } from '../src/adapters/tree-thread.ts';
import type { WantedTree } from '../src/application/params/wanted-tree.ts';
import type { StacksHeader } from '../src/application/stacks/stack-queries.ts';
import { InlineTreeMaker } from './support/inline-tree-maker.ts';

const WANTED: WantedTree = { path: [], maxNodes: 1000, format: 'columns' };
const HEADER: StacksHeader = {
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
};

/** A trie that gets more stacks with each answer. */
class Fleet {
  readonly #symbols = new SymbolTable();
  readonly #trie = new PathTrie();
  #functions = 0;

  answer(stacks: number): { header: StacksHeader; stacks: StackSet } {
    const nodes = Uint32Array.from({ length: stacks }, (_, stack) => {
      const service = this.#trie.child(0, this.#symbols.intern(`service-${stack % 20}`));
      return this.#trie.child(service, this.#symbols.intern(`function-${this.#functions++}`, 'main.go'));
    });
    const left = Float64Array.from(nodes, (_, stack) => (stack * 7919) % 1000);
    return { header: HEADER, stacks: { symbols: this.#symbols, trie: this.#trie, nodes, left } };
  }
}

describe('TreeThread', () => {
  const inline = new InlineTreeMaker();
  let lost: Error[] = [];
  let maker: TreeThread;

  beforeEach(() => {
    lost = [];
    maker = new TreeThread((error) => lost.push(error));
  });
  afterEach(() => maker?.close());

  it('makes trees of many and of few stacks as they are made elsewhere, several at once', async () => {
    const fleet = new Fleet();
    const answers = [25_000, 10, 30_000, 20_000].map((stacks) => fleet.answer(stacks));
    for (const format of ['columns', 'json'] as const) {
      const wanted = { ...WANTED, format };
      const made = await Promise.all(answers.map((answer) => maker.answer(answer, wanted)));
      const expected = await Promise.all(answers.map((answer) => inline.answer(answer, wanted)));
      expect(made.map(({ mediaType }) => mediaType)).toEqual(expected.map(({ mediaType }) => mediaType));
      made.forEach(({ bytes }, at) => expect(Buffer.compare(bytes, expected[at]!.bytes)).toBe(0));
    }
    expect(lost).toEqual([]);
  });

  it('follows a path, and says that one leads nowhere', async () => {
    const answer = new Fleet().answer(25_000);
    const { bytes } = await maker.answer(answer, { ...WANTED, path: ['service-3'] });
    const expected = await inline.answer(answer, { ...WANTED, path: ['service-3'] });
    expect(decodeTree(bytes).tree.total[0]).toBe(decodeTree(expected.bytes).tree.total[0]);
    await expect(maker.answer(answer, { ...WANTED, path: ['nowhere'] })).rejects.toMatchObject({
      code: 'unknown_root',
    });
  });

  it('does not hold up this thread meanwhile', async () => {
    const answer = new Fleet().answer(60_000);
    let turns = 0;
    const count = (): void => {
      turns++;
      counting = setImmediate(count);
    };
    let counting = setImmediate(count);
    try {
      await maker.answer(answer, { ...WANTED, maxNodes: 1_000_000 });
    } finally {
      clearImmediate(counting);
    }
    expect(turns).toBeGreaterThan(20);
  });

  it('refuses what a thread ended over and starts another', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'everflame-tree-thread-'));
    try {
      const thread = createRequire(import.meta.url).resolve('@everflame/query/tree.worker');
      // Ends over its first job, once.
      const body = `
        import { existsSync, writeFileSync } from 'node:fs';
        import { parentPort } from 'node:worker_threads';
        const flag = ${JSON.stringify(join(folder, 'ended'))};
        if (existsSync(flag)) await import(${JSON.stringify(pathToFileURL(thread).href)});
        else parentPort.once('message', () => { writeFileSync(flag, ''); throw new Error('no memory'); });`;
      await maker.close();
      maker = new TreeThread(
        (error) => lost.push(error),
        new URL(`data:text/javascript,${encodeURIComponent(body)}`),
      );
      const fleet = new Fleet();
      const refused = await Promise.allSettled([
        maker.answer(fleet.answer(25_000), WANTED),
        maker.answer(fleet.answer(25_000), WANTED),
      ]);
      expect(
        refused.map((each) => each.status === 'rejected' && (each.reason as { code: string }).code),
      ).toEqual(['tree_thread_lost', 'tree_thread_lost']);
      expect(lost.map(({ message }) => message)).toEqual(['no memory']);
      const answer = fleet.answer(25_000);
      const { bytes } = await maker.answer(answer, WANTED);
      expect(Buffer.compare(bytes, (await inline.answer(answer, WANTED)).bytes)).toBe(0);
      expect(lost).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
