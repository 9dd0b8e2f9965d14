import { StackSetBuilder, buildCallTree } from '@everflame/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  diffStackSets,
  findNode,
  pathOf,
  scaleStacks,
  SymbolTable,
  topFunctions,
  type CallTree,
} from '../src/index.ts';
import { anyStacks, drawTree, partOf, stacksOf, treeToStacks, toCollapsed } from './support/folded.ts';

describe('SymbolTable', () => {
  it('gives a name one id and keeps its first file that is not empty', () => {
    const symbols = new SymbolTable();
    const id = symbols.intern('f');
    expect(symbols.intern('f', 'a.go')).toBe(id);
    symbols.intern('f', 'b.go');
    expect([symbols.name(id), symbols.file(id), symbols.find('g'), symbols.size]).toEqual([
      'f',
      'a.go',
      undefined,
      2,
    ]);
    expect(symbols.intern('', 'x.go')).toBe(0);
    expect(symbols.file(0)).toBe('');
  });
});

describe('buildCallTree', () => {
  it('merges stacks root first with siblings by name', () => {
    const tree = buildCallTree(stacksOf('main;z 1', 'main;a;x 2', 'main;a 3', 'init 4', 'main;z 5'));
    expect(drawTree(tree)).toEqual([
      'root 15 0',
      '  init 4 4',
      '  main 11 0',
      '    a 5 3',
      '      x 2 2',
      '    z 6 6',
    ]);
    expect([...tree.parent]).toEqual([-1, 0, 0, 2, 3, 2]);
    expect([...tree.subtreeEnd]).toEqual([6, 2, 6, 5, 5, 6]);
  });

  it('keeps recursion as nested nodes', () => {
    expect(drawTree(buildCallTree(stacksOf('f;f;f 2', 'f 1')))).toEqual([
      'root 3 0',
      '  f 3 1',
      '    f 2 0',
      '      f 2 2',
    ]);
  });

  it('puts the value of a stack without frames on the root', () => {
    expect(drawTree(buildCallTree(stacksOf(' 7', 'a 1')))).toEqual(['root 8 7', '  a 1 1']);
  });

  it('is a lone root when there are no stacks', () => {
    expect(drawTree(buildCallTree(stacksOf()))).toEqual(['root 0 0']);
  });

  it('carries both sides of a diff', () => {
    expect(drawTree(buildCallTree(stacksOf('a;b 1 2', 'a 3 0')))).toEqual([
      'root 4 0 | 2 0',
      '  a 4 3 | 2 0',
      '    b 1 1 | 2 2',
    ]);
  });

  it('tells a frame without a name from the root', () => {
    const builder = new StackSetBuilder();
    builder.add([0, builder.symbols.intern('a')], 5);
    const tree = buildCallTree(builder.build());
    expect([tree.count, tree.level[2], tree.symbol[2], tree.self[2]]).toEqual([3, 2, 0, 5]);
  });

  it('holds a stack 10,000 deep', () => {
    const builder = new StackSetBuilder();
    const ids = Array.from({ length: 10_000 }, (_, depth) => builder.symbols.intern(`f${depth}`));
    builder.add(ids, 3);
    const tree = buildCallTree(builder.build());
    expect([tree.count, tree.level[10_000], tree.total[10_000], tree.subtreeEnd[1]]).toEqual([
      10_001, 10_000, 3, 10_001,
    ]);
  });

  it('holds 100,000 siblings in order of name', () => {
    const builder = new StackSetBuilder();
    const names = Array.from({ length: 100_000 }, (_, index) => `f${(index * 7919) % 100_000}`);
    for (const name of names) builder.add([builder.symbols.intern(name)], 1);
    const tree = buildCallTree(builder.build());
    expect(tree.total[0]).toBe(100_000);
    const inTree = Array.from(tree.symbol.subarray(1), (id) => tree.symbols.name(id));
    expect(inTree).toEqual(names.toSorted());
  });

  it('has the sum of self as the total of every subtree, and names in order', () => {
    fc.assert(
      fc.property(fc.oneof(anyStacks(), anyStacks({ isDiff: true })), (stacks) => {
        const tree = buildCallTree(stacks);
        expectSound(tree);
        expect(tree.total[0]).toBe(stacks.left.reduce((a, b) => a + b, 0));
        if (stacks.right) expect(tree.totalRight?.[0]).toBe(stacks.right.reduce((a, b) => a + b, 0));
      }),
    );
  });

  it('holds the same stacks as it was made from', () => {
    fc.assert(
      fc.property(fc.oneof(anyStacks(), anyStacks({ isDiff: true })), (stacks) => {
        expect(toCollapsed(treeToStacks(buildCallTree(stacks)))).toBe(toCollapsed(stacks));
      }),
    );
  });
});

function expectSound(tree: CallTree): void {
  for (let node = 0; node < tree.count; node++) {
    const end = tree.subtreeEnd[node]!;
    let sum = 0;
    for (let below = node; below < end; below++) sum += tree.self[below]!;
    expect(tree.total[node]).toBe(sum);
    let last: string | undefined;
    for (let child = node + 1; child < end; child = tree.subtreeEnd[child]!) {
      expect(tree.parent[child]).toBe(node);
      expect(tree.level[child]).toBe(tree.level[node]! + 1);
      const name = tree.symbols.name(tree.symbol[child]!);
      if (last !== undefined) expect(last < name).toBe(true);
      last = name;
    }
  }
}

const lines = (stacks: Parameters<typeof toCollapsed>[0]): string[] =>
  toCollapsed(stacks).split('\n').filter(Boolean);

describe('diffStackSets', () => {
  it('lays both sides next to each other', () => {
    const diff = diffStackSets(stacksOf('a;b 1', 'a;b 2', 'c 9'), stacksOf('d 4', 'a;b 5'));
    expect(toCollapsed(diff)).toBe('a;b 3 5\nc 9 0\nd 0 4\n');
  });

  it('has the values of both sides of every stack', () => {
    fc.assert(
      fc.property(anyStacks({ low: 1 }), anyStacks({ low: 1 }), (a, b) => {
        const diff = diffStackSets(a, b);
        const sides = new Map<string, number[]>();
        const note = (stacks: typeof a, side: number): void => {
          for (const line of lines(stacks)) {
            const at = line.lastIndexOf(' ');
            const values = sides.get(line.slice(0, at)) ?? [0, 0];
            values[side] = Number(line.slice(at + 1));
            sides.set(line.slice(0, at), values);
          }
        };
        note(a, 0);
        note(b, 1);
        expect(lines(diff).toSorted()).toEqual(
          Array.from(sides, ([stack, values]) => `${stack} ${values.join(' ')}`).toSorted(),
        );
      }),
    );
  });

  it('keeps the files of both sides', () => {
    const diff = diffStackSets(stacksOf('a 1'), stacksOf('b 1'));
    expect(diff.symbols.file(diff.symbols.find('b') ?? 0)).toBe('b.go');
  });
});

describe('scaleStacks', () => {
  it('multiplies each side by its factor', () => {
    expect(toCollapsed(scaleStacks(stacksOf('a 2 3'), 0.5, 2))).toBe('a 1 6\n');
  });
});

describe('a tree below a path', () => {
  const stacks = stacksOf('main;a;x 2', 'main;a;y 3', 'main;b 4', 'main;a 1');
  const tree = buildCallTree(stacks);

  it('keeps the path above the node, with the total of the node', () => {
    const part = partOf(stacks, ['main', 'a']);
    expect(part && drawTree(part)).toEqual([
      'root 6 0',
      '  main 6 0',
      '    a 6 1',
      '      x 2 2',
      '      y 3 3',
    ]);
    expect(part && [...part.subtreeEnd]).toEqual([5, 5, 5, 4, 5]);
  });

  it('is the tree itself for an empty path and undefined for a path that leads nowhere', () => {
    expect(partOf(stacks, [])).toEqual(tree);
    expect(partOf(stacks, ['main', 'x'])).toBeUndefined();
    expect(partOf(stacks, ['nothing'])).toBeUndefined();
  });

  it('finds every node by its path', () => {
    for (let node = 0; node < tree.count; node++) expect(findNode(tree, pathOf(tree, node))).toBe(node);
  });

  it('carries both sides of a diff', () => {
    const part = partOf(stacksOf('a;b 1 5', 'a;c 2 6'), ['a', 'c']);
    expect(part && drawTree(part)).toEqual(['root 2 0 | 6 0', '  a 2 0 | 6 0', '    c 2 2 | 6 6']);
  });
});

const rows = (stacks: ReturnType<typeof stacksOf>): string[] => {
  const top = topFunctions(stacks);
  return Array.from(top.symbol, (id, row) =>
    [stacks.symbols.name(id), top.self[row], top.total[row], top.selfRight?.[row], top.totalRight?.[row]]
      .join(' ')
      .trim(),
  );
};

describe('topFunctions', () => {
  it('counts a recursive function once per stack', () => {
    expect(rows(stacksOf('f;g;f 2', 'f 3', 'g;h 5')).toSorted()).toEqual(['f 5 5', 'g 0 7', 'h 5 5']);
  });

  it('has both sides of a diff', () => {
    expect(rows(stacksOf('a;b 1 2', 'a 0 3')).toSorted()).toEqual(['a 0 1 3 5', 'b 1 1 2 2']);
  });
});
