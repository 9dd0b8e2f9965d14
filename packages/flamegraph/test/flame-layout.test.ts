import { StackSetBuilder, buildCallTree } from '@everflame/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlameLayout, search, type CallTree } from '../src/index.ts';
import type { LayoutOptions } from '../src/layout/flame-layout.ts';
import { anyStacks, stacksOf } from './support/folded.ts';

const anyLayout = fc
  .tuple(
    fc.oneof(anyStacks(), anyStacks({ isDiff: true }), anyStacks({ low: -1000 })).map(buildCallTree),
    fc.record({
      widthMode: fc.constantFrom('left' as const, 'right' as const, 'max' as const, 'sum' as const),
      sort: fc.constantFrom('name' as const, 'value' as const),
    }),
  )
  .map(([tree, options]) => new FlameLayout(tree, options));
const anyView = fc
  .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([a, b]) => ({ x0: Math.min(a, b), x1: Math.max(a, b) }));

const rowOf = (layout: FlameLayout, row: number): number[] =>
  Array.from(layout.rowNodes.subarray(layout.rowOffsets[row], layout.rowOffsets[row + 1]));
const rows = (tree: CallTree, options: LayoutOptions): string[] => {
  const layout = new FlameLayout(tree, options);
  return Array.from({ length: layout.depth }, (_, row) =>
    rowOf(layout, row)
      .map((node) => `${tree.symbols.name(tree.symbol[node]!)}@${layout.start[node]}+${layout.width[node]}`)
      .join(' '),
  );
};

describe('FlameLayout', () => {
  const tree = buildCallTree(stacksOf('a;x 2 4', 'a;y 1 0', 'b 5 0', 'c 0 4'));

  it('places children side by side within their parent', () => {
    expect(rows(tree, {})).toEqual(['@0+1', 'a@0+0.375 b@0.375+0.625', 'x@0+0.25 y@0.25+0.125']);
  });

  it('can put the widest first', () => {
    expect(rows(tree, { sort: 'value' })).toEqual([
      '@0+1',
      'b@0+0.625 a@0.625+0.375',
      'x@0.625+0.25 y@0.875+0.125',
    ]);
  });

  it('has a width mode for each side of a diff, the larger and both', () => {
    expect(rows(tree, { widthMode: 'right' })).toEqual(['@0+1', 'a@0+0.5 c@0.5+0.5', 'x@0+0.5']);
    expect(rows(tree, { widthMode: 'sum' })[1]).toBe('a@0+0.4375 b@0.4375+0.3125 c@0.75+0.25');
    const [, second] = rows(buildCallTree(stacksOf('a 6 2', 'b 1 2')), { widthMode: 'max' });
    expect(second).toBe('a@0+0.75 b@0.75+0.25');
  });

  it('is one box for an empty tree', () => {
    const layout = new FlameLayout(buildCallTree(stacksOf()));
    expect([layout.depth, layout.width[0], layout.hit(0, 0)]).toEqual([1, 0, -1]);
  });

  it('keeps children within parents and rows from left to right', () => {
    fc.assert(
      fc.property(anyLayout, (layout) => {
        const { tree: any, start, width } = layout;
        const endOf = (node: number): number => start[node]! + width[node]!;
        for (let row = 0; row < layout.depth; row++) {
          const nodes = rowOf(layout, row);
          for (const [index, node] of nodes.entries()) {
            expect(any.level[node]).toBe(row);
            if (index > 0) expect(start[node]).toBeGreaterThanOrEqual(endOf(nodes[index - 1]!) - 1e-9);
            if (row === 0) continue;
            const parent = any.parent[node]!;
            expect(start[node]).toBeGreaterThanOrEqual(start[parent]!);
            expect(endOf(node)).toBeLessThanOrEqual(endOf(parent) + 1e-9);
          }
        }
        const isWide = Array.from(width).filter((own, node) => node === 0 || own > 0);
        expect(layout.rowNodes.length).toBe(isWide.length);
      }),
    );
  });

  it('lays out a stack 10,000 deep', () => {
    const builder = new StackSetBuilder();
    builder.add(
      Array.from({ length: 10_000 }, (_, depth) => builder.symbols.intern(`f${depth}`)),
      1,
    );
    const layout = new FlameLayout(buildCallTree(builder.build()), { sort: 'value' });
    expect([layout.depth, layout.hit(10_000, 0.5), layout.hit(10_001, 0.5)]).toEqual([10_001, 10_000, -1]);
  });
});

describe('FlameLayout.hit', () => {
  it('agrees with looking at every box', () => {
    fc.assert(
      fc.property(
        anyLayout,
        fc.array(fc.double({ min: -0.1, max: 1.1, noNaN: true }), { maxLength: 20 }),
        (layout, xs) => {
          for (let row = 0; row <= layout.depth; row++) {
            const nodes = row < layout.depth ? rowOf(layout, row) : [];
            for (const x of xs) {
              const found = nodes.findLast((node) => layout.start[node]! <= x);
              const isInside = found !== undefined && x < layout.start[found]! + layout.width[found]!;
              expect(layout.hit(row, x)).toBe(isInside ? found : -1);
            }
          }
        },
      ),
    );
  });
});

interface Visit {
  node: number;
  x: number;
  width: number;
  count: number;
  at: number;
}

const visitsOf = (
  layout: FlameLayout,
  row: number,
  view: { x0: number; x1: number },
  pixels: number,
): Visit[] => {
  const visits: Visit[] = [];
  const count = layout.forEachVisible(row, view, pixels, (at, boxes, x, width) => {
    visits.push({ node: layout.rowNodes[at]!, x, width, count: boxes, at });
  });
  expect(count).toBe(visits.length);
  return visits;
};

describe('FlameLayout.forEachVisible', () => {
  it('covers what is seen within the bound, wide boxes by themselves', () => {
    fc.assert(
      fc.property(anyLayout, anyView, fc.integer({ min: 1, max: 60 }), (layout, view, pixels) => {
        fc.pre(view.x1 - view.x0 > 1e-6);
        for (let row = 0; row < layout.depth; row++) {
          const nodes = rowOf(layout, row);
          const visits = visitsOf(layout, row, view, pixels);
          expect(visits.length).toBeLessThanOrEqual(2 * pixels + 2);
          const seen = nodes.filter(
            (node) => layout.start[node]! < view.x1 && layout.start[node]! + layout.width[node]! > view.x0,
          );
          const visited = visits.flatMap(({ at, count }) =>
            Array.from(layout.rowNodes.subarray(at, at + count)),
          );
          expect(visited).toEqual(seen);
          const perUnit = pixels / (view.x1 - view.x0);
          for (const { node, x, width, count } of visits) {
            expect(x).toBeGreaterThanOrEqual(0);
            expect(x + width).toBeLessThanOrEqual(pixels + 1e-6);
            if (count > 1) expect(layout.width[node]! * perUnit).toBeLessThan(1);
          }
          for (const node of seen.filter((wide) => layout.width[wide]! * perUnit >= 1)) {
            expect(visits.find((visit) => visit.node === node)?.count).toBe(1);
          }
        }
      }),
    );
  });

  it('visits 100,000 siblings a pixel at a time', () => {
    const builder = new StackSetBuilder();
    for (let index = 0; index < 100_000; index++) {
      builder.add(
        [builder.symbols.intern(`f${String(index).padStart(6, '0')}`)],
        index === 50_000 ? 100_000 : 1,
      );
    }
    const layout = new FlameLayout(buildCallTree(builder.build()));
    const visits = visitsOf(layout, 1, { x0: 0, x1: 1 }, 1000);
    expect(visits.length).toBeLessThan(600);
    expect(visits.reduce((sum, { count }) => sum + count, 0)).toBe(100_000);
    expect(visits.some(({ count, width }) => count === 1 && width > 499)).toBe(true);
    expect(visitsOf(layout, 1, { x0: 0.1, x1: 0.1001 }, 1000).length).toBeLessThan(25);
  });

  it('visits nothing outside of the rows, the view or on no pixels', () => {
    const layout = new FlameLayout(buildCallTree(stacksOf('a 1')));
    expect(visitsOf(layout, 2, { x0: 0, x1: 1 }, 100)).toEqual([]);
    expect(visitsOf(layout, 0, { x0: 0.5, x1: 0.5 }, 100)).toEqual([]);
    expect(visitsOf(layout, 0, { x0: 0, x1: 1 }, 0)).toEqual([]);
    expect(visitsOf(layout, 0, { x0: 1, x1: 2 }, 100)).toEqual([]);
  });

  it('tells whether a run has a marked box', () => {
    const tree = buildCallTree(stacksOf('a 1', 'b 1', 'c 1', 'd 997'));
    const layout = new FlameLayout(tree);
    const marks = layout.countMarks(search(tree.symbols, 'b'));
    const [run, wide] = visitsOf(layout, 1, { x0: 0, x1: 1 }, 100);
    const marked = (visit: Visit | undefined): number => marks[visit!.at + visit!.count]! - marks[visit!.at]!;
    expect([run?.count, marked(run), wide?.count, marked(wide)]).toEqual([3, 1, 1, 0]);
  });
});
