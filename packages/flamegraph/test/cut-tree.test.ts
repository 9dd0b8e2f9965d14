import { DomainError } from '@everflame/profile';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StackSetBuilder, buildCallTree } from '@everflame/testkit';
import { buildCutTree, pathOf, type CallTree } from '../src/index.ts';
import { anyStacks, cutOf, drawTree, stacksOf } from './support/folded.ts';

const stacks = stacksOf('main;a;x 20', 'main;a;y 3', 'main;b;p 1', 'main;c;q 2', 'main;b 1', 'main;a 5');

describe('a cut tree', () => {
  it('keeps the heaviest nodes and accounts for the rest', () => {
    expect(drawTree(cutOf(stacks, 4))).toEqual([
      'root 32 0',
      '  main 32 0',
      '    a 28 5',
      '      x 20 20',
      '      +1 3 3',
      '    +4 4 4',
    ]);
  });

  it('is the tree itself when nothing has to go', () => {
    const tree = buildCallTree(stacks);
    expect(cutOf(stacks, tree.count)).toEqual(tree);
  });

  it('can leave the root alone', () => {
    expect(drawTree(cutOf(stacks, 1))).toEqual(['root 32 0', '  +8 32 32']);
  });

  it('weighs both sides of a diff', () => {
    const diff = stacksOf('gone 10 0', 'new 0 10', 'small 4 4');
    expect(drawTree(cutOf(diff, 3))).toEqual([
      'root 14 0 | 14 0',
      '  gone 10 10 | 0 0',
      '  new 0 0 | 10 10',
      '  +1 4 4 | 4 4',
    ]);
  });

  it('keeps a parent before a child that outweighs it', () => {
    const signed = stacksOf('a -10', 'a;b 12', 'c 5');
    expect(drawTree(cutOf(signed, 3))).toEqual(['root 7 0', '  a 2 -10', '    +1 12 12', '  c 5 5']);
  });

  it('refuses to keep no node', () => {
    expect(() => buildCutTree(stacks, { maxNodes: 0 })).toThrow(DomainError);
    expect(() => buildCutTree(stacks, { maxNodes: Number.NaN })).toThrow(DomainError);
  });

  it('keeps exact values and accounts for every node that it cuts', () => {
    const any = fc.oneof(anyStacks(), anyStacks({ isDiff: true }), anyStacks({ low: -1000 }));
    fc.assert(
      fc.property(any, fc.integer({ min: 1, max: 60 }), (each, maxNodes) => {
        const full = buildCallTree(each);
        const cut = cutOf(each, maxNodes);
        const real = Array.from(cut.cut).filter((nodes) => nodes === 0).length;
        expect(real).toBe(Math.min(full.count, maxNodes));
        expect(real + cut.cut.reduce((a, b) => a + b, 0)).toBe(full.count);
        expectExact(full, cut);
      }),
    );
  });

  it('keeps nothing lighter than what it cuts', () => {
    fc.assert(
      fc.property(anyStacks(), fc.integer({ min: 1, max: 60 }), (each, maxNodes) => {
        const full = buildCallTree(each);
        const cut = cutOf(each, maxNodes);
        const kept = Array.from(cut.total)
          .filter((_, node) => cut.cut[node] === 0)
          .toSorted((a, b) => b - a);
        expect(kept).toEqual(
          Array.from(full.total)
            .toSorted((a, b) => b - a)
            .slice(0, kept.length),
        );
      }),
    );
  });

  it('cuts 100,000 siblings', () => {
    const builder = new StackSetBuilder();
    for (let index = 0; index < 100_000; index++) builder.add([builder.symbols.intern(`f${index}`)], index);
    const cut = cutOf(builder.build(), 1000);
    expect([cut.count, cut.cut.at(-1), cut.total[0]]).toEqual([1001, 99_001, (100_000 * 99_999) / 2]);
  });
});

/** Real nodes as in the full tree; children, stand-ins included, add up to their parent. */
function expectExact(full: CallTree, cut: CallTree): void {
  const byPath = new Map(
    Array.from({ length: full.count }, (_, node) => [pathOf(full, node).join(';'), node]),
  );
  for (let node = 0; node < cut.count; node++) {
    const children: number[] = [];
    for (let child = node + 1; child < cut.subtreeEnd[node]!; child = cut.subtreeEnd[child]!)
      children.push(child);
    const sum = children.reduce((total, child) => total + cut.total[child]!, cut.self[node]!);
    expect(cut.total[node]).toBe(sum);
    expect(children.filter((child) => cut.cut[child]! > 0 && child !== children.at(-1))).toEqual([]);
    expect(children.every((child) => cut.parent[child] === node)).toBe(true);
    if (cut.cut[node]! > 0) continue;
    const original = byPath.get(pathOf(cut, node).join(';'))!;
    expect([cut.self[node], cut.total[node]]).toEqual([full.self[original], full.total[original]]);
    expect([cut.selfRight?.[node], cut.totalRight?.[node]]).toEqual([
      full.selfRight?.[original],
      full.totalRight?.[original],
    ]);
  }
}
