import { describe, expect, it } from 'vitest';
import { buildCutTree, decodeTree, encodeTree, PathTrie, SymbolTable } from '../src/index.ts';
import { withScratch } from '../src/tree/scratch.ts';

describe('scratch', () => {
  it('hands out zeros, whatever was written before', () => {
    for (let round = 0; round < 3; round++) {
      withScratch((scratch) => {
        const arrays = [scratch.uint8(3), scratch.uint32(1000), scratch.int32(7), scratch.float64(1000)];
        expect(arrays.map(({ length }) => length)).toEqual([3, 1000, 7, 1000]);
        for (const array of arrays) {
          expect(array.every((value) => value === 0)).toBe(true);
          array.fill(99);
        }
      });
    }
  });

  it('keeps arrays of one computation and of those within it apart', () => {
    withScratch((outer) => {
      const before = outer.uint32(500).fill(1);
      withScratch((inner) => inner.uint32(500).fill(2));
      const after = outer.uint32(500).fill(3);
      expect(before.every((value) => value === 1)).toBe(true);
      expect(after.every((value) => value === 3)).toBe(true);
    });
  });

  it('gives up what a computation that fails took', () => {
    const take = (): ArrayBuffer => withScratch((scratch) => scratch.uint32(100).buffer);
    take();
    const kept = take();
    expect(() =>
      withScratch((scratch) => {
        scratch.uint32(50);
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(take()).toBe(kept);
  });

  it('goes on without memory of its own where it keeps too little', () => {
    const bytes = 80 * 1024 * 1024;
    for (let round = 0; round < 2; round++) {
      withScratch((scratch) => {
        const small = scratch.uint32(8).fill(1);
        const large = scratch.uint8(bytes);
        expect([large.length, large[0], large[bytes - 1], small[0]]).toEqual([bytes, 0, 0, 1]);
        expect(large.buffer).not.toBe(small.buffer);
      });
    }
  });

  it('is what trees are made with: a second one takes little more memory than it has itself', () => {
    const symbols = new SymbolTable();
    const trie = new PathTrie();
    const nodes = Uint32Array.from({ length: 100_000 }, (_, stack) => {
      const above = trie.child(0, symbols.intern(`caller ${stack % 100}`));
      return trie.child(above, symbols.intern(`callee ${stack % 5000}`));
    });
    const stacks = { symbols, trie, nodes, left: new Float64Array(nodes.length).fill(1) };
    const takenBytes = (): number => {
      const before = process.memoryUsage().arrayBuffers;
      const cut = buildCutTree(stacks, { maxNodes: 500 });
      if (cut === undefined) throw new Error('There is a tree.');
      encodeTree(cut.tree, {});
      return process.memoryUsage().arrayBuffers - before;
    };
    takenBytes();
    expect(takenBytes()).toBeLessThan(150_000);
  });

  it('leaves nothing of itself in a tree or its bytes', () => {
    const symbols = new SymbolTable();
    const trie = new PathTrie();
    const drawn = (names: readonly string[], value: number) => {
      const node = names.reduce((at, name) => trie.child(at, symbols.intern(name)), 0);
      const stacks = { symbols, trie, nodes: Uint32Array.of(node), left: Float64Array.of(value) };
      return buildCutTree(stacks, { maxNodes: 100 });
    };
    const first = drawn(['a', 'b'], 5);
    if (first === undefined) throw new Error('There is a tree.');
    const bytes = encodeTree(first.tree, {});
    drawn(['c', 'd', 'e'], 7);
    expect([...first.tree.self]).toEqual([0, 0, 5]);
    expect(Array.from(first.tree.symbol, (id) => symbols.name(id))).toEqual(['', 'a', 'b']);
    expect([...decodeTree(bytes).tree.self]).toEqual([0, 0, 5]);
  });
});
