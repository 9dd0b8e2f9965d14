import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildCallTree } from '@everflame/testkit';
import {
  buildCutTree,
  PathTrie,
  scaleStacks,
  SymbolTable,
  type CallTree,
  type Stacks,
  type TrieStacks,
} from '../src/index.ts';
import { cutTree } from './support/cut-tree.ts';
import { anyStacks, drawTree, stacksOf, toCollapsed } from './support/folded.ts';
import { subtree } from './support/subtree.ts';

/** The same stacks on a trie that also has `others`, added first and last. */
function onTrie(stacks: Stacks<SymbolTable>, others: readonly Stacks<SymbolTable>[] = []): TrieStacks {
  const symbols = new SymbolTable();
  const trie = new PathTrie();
  const addAll = ({ frames, offsets, left, symbols: names }: Stacks<SymbolTable>): Uint32Array =>
    Uint32Array.from(left, (_, stack) =>
      frames
        .slice(offsets[stack], offsets[stack + 1])
        .toReversed()
        .reduce((node, frame) => trie.child(node, symbols.intern(names.name(frame), names.file(frame))), 0),
    );
  for (const other of others.slice(0, 1)) addAll(other);
  const nodes = addAll(stacks);
  for (const other of others.slice(1)) addAll(other);
  const { left, right } = stacks;
  return { symbols, trie, nodes, left, right };
}

/** Everything of a tree by name, so that trees of different symbol tables can be compared. */
function contentsOf(tree: CallTree): unknown {
  const { symbols, symbol, level, parent, subtreeEnd, self, total, selfRight, totalRight, cut } = tree;
  return {
    names: Array.from(symbol, (id) => symbols.name(id)),
    columns: [level, parent, subtreeEnd, self, total, selfRight, totalRight, cut].map(
      (column) => column && [...column],
    ),
  };
}

const anyOf = fc
  .tuple(fc.boolean(), fc.constantFrom(0, -1000))
  .chain(([isDiff, low]) =>
    fc.tuple(anyStacks({ isDiff, low }), fc.array(anyStacks(), { minLength: 2, maxLength: 2 })),
  );

describe('stacks on a trie', () => {
  it('make the tree and the text of the same stacks without a trie', () => {
    fc.assert(
      fc.property(anyOf, ([stacks, others]) => {
        const shared = onTrie(stacks, others);
        expect(contentsOf(buildCallTree(shared))).toEqual(contentsOf(buildCallTree(stacks)));
        expect(toCollapsed(shared)).toBe(toCollapsed(stacks));
      }),
    );
  });

  it('keep their nodes when they are scaled', () => {
    const scaled = scaleStacks(onTrie(stacksOf('a;b 1 3', 'a 2 4')), 2, 0.5);
    expect(drawTree(buildCallTree(scaled))).toEqual([
      'root 6 0 | 3.5 0',
      '  a 6 4 | 3.5 2',
      '    b 2 2 | 1.5 1.5',
    ]);
  });
});

describe('buildCutTree', () => {
  it('gives what cutting the whole tree gives, on a trie and without', () => {
    fc.assert(
      fc.property(anyOf, fc.integer({ min: 1, max: 60 }), ([stacks, others], maxNodes) => {
        const whole = buildCallTree(stacks);
        const expected = contentsOf(cutTree(whole, maxNodes));
        for (const each of [stacks, onTrie(stacks), onTrie(stacks, others)] as const) {
          const cut = buildCutTree(each, { maxNodes });
          expect(cut && contentsOf(cut.tree)).toEqual(expected);
          expect(cut?.nodes).toBe(whole.count);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives what cutting the subtree of a path gives', () => {
    const path = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 });
    fc.assert(
      fc.property(anyOf, path, fc.integer({ min: 1, max: 20 }), ([stacks, others], names, maxNodes) => {
        const whole = subtree(buildCallTree(stacks), names);
        for (const each of [stacks, onTrie(stacks, others)]) {
          const cut = buildCutTree(each, { maxNodes, path: names });
          expect(cut?.nodes).toBe(whole?.count);
          expect(cut && contentsOf(cut.tree)).toEqual(whole && contentsOf(cutTree(whole, maxNodes)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the first of equally heavy nodes by name, in whatever order they were added', () => {
    for (const stacks of [stacksOf('z 1', 'b;c 1', 'a 1'), stacksOf('a 1', 'b;c 1', 'z 1')]) {
      const cut = buildCutTree(onTrie(stacks), { maxNodes: 3 });
      expect(cut && drawTree(cut.tree)).toEqual(drawTree(cutTree(buildCallTree(stacks), 3)));
      expect(cut?.tree.symbols.name(cut.tree.symbol[1]!)).toBe('a');
      expect(cut && [...cut.tree.cut]).toEqual([0, 0, 0, 1, 1]);
    }
  });

  it('refuses to leave no node', () => {
    expect(() => buildCutTree(onTrie(stacksOf('a 1')), { maxNodes: 0 })).toThrow('cut to 0 nodes');
  });

  it('leaves the trie as it was for the next one', () => {
    const trie = new PathTrie();
    const symbols = new SymbolTable();
    const nodes = Uint32Array.from({ length: 400 }, (_, stack) =>
      trie.child(trie.child(0, symbols.intern(`f${stack % 20}`)), symbols.intern(`g${stack}`)),
    );
    const draw = (count: number): string[] => {
      const left = new Float64Array(count).fill(1);
      const stacks = { symbols, trie, nodes: nodes.subarray(0, count), left };
      return drawTree(buildCutTree(stacks, { maxNodes: 1000 })!.tree);
    };
    const first = [draw(1), draw(400), draw(2)];
    expect([draw(1), draw(400), draw(2)]).toEqual(first);
    expect(first.map((lines) => lines.length)).toEqual([3, 421, 5]);
  });
});
