import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildCallTree } from '@everflame/testkit';
import { reverseStacks, sandwich, topFunctions, type StackSet } from '../src/index.ts';
import { anyStacks, drawTree, stacksOf, toCollapsed } from './support/folded.ts';

describe('reverseStacks', () => {
  it('makes a tree with the leaves at the top and their callers below', () => {
    const tree = buildCallTree(reverseStacks(stacksOf('main;a;x 2', 'main;b;x 3', 'main;a 1')));
    expect(drawTree(tree)).toEqual([
      'root 6 0',
      '  a 1 0',
      '    main 1 1',
      '  x 5 0',
      '    a 2 0',
      '      main 2 2',
      '    b 3 0',
      '      main 3 3',
    ]);
  });

  it('gives back the stacks when done twice', () => {
    fc.assert(
      fc.property(anyStacks({ isDiff: true }), (stacks) => {
        expect(toCollapsed(reverseStacks(reverseStacks(stacks)))).toBe(toCollapsed(stacks));
      }),
    );
  });

  it('has the self value of a function as the total of its top node', () => {
    fc.assert(
      fc.property(anyStacks({ low: 1 }), (stacks) => {
        const inverted = buildCallTree(reverseStacks(stacks));
        const top = topFunctions(stacks);
        const selfOf = new Map(Array.from(top.symbol, (id, row) => [id, top.self[row]]));
        for (let node = 1; node < inverted.count; node = inverted.subtreeEnd[node]!) {
          expect(inverted.total[node]).toBe(selfOf.get(inverted.symbol[node]!));
        }
      }),
    );
  });
});

/** Both trees, whole. */
function halvesOf(stacks: StackSet, name: string) {
  const { callers, callees } = sandwich(stacks, name, Infinity);
  return { callers: callers.tree, callees: callees.tree };
}

describe('sandwich', () => {
  const stacks = stacksOf('main;a;f;g 2', 'main;b;f 3', 'main;f;h;f;g 5', 'main;a 7');

  it('splits at the outermost frame of the function', () => {
    const { callers, callees } = halvesOf(stacks, 'f');
    expect(drawTree(callers)).toEqual([
      'f 10 0',
      '  a 2 0',
      '    main 2 2',
      '  b 3 0',
      '    main 3 3',
      '  main 5 5',
    ]);
    expect(drawTree(callees)).toEqual(['f 10 3', '  g 2 2', '  h 5 0', '    f 5 0', '      g 5 5']);
  });

  it('cuts each half by itself', () => {
    const { callers, callees } = sandwich(stacks, 'f', 2);
    expect(drawTree(callers.tree)).toEqual(['f 10 0', '  main 5 5', '  +4 5 5']);
    expect([drawTree(callees.tree), callees.nodes]).toEqual([
      ['f 10 3', '  h 5 0', '    +2 5 5', '  +1 2 2'],
      5,
    ]);
  });

  it('is empty for a name that does not occur', () => {
    const { callers, callees } = halvesOf(stacks, 'nothing');
    expect([...drawTree(callers), ...drawTree(callees)]).toEqual(['root 0 0', 'root 0 0']);
  });

  it('has the total of the function on both sides', () => {
    fc.assert(
      fc.property(anyStacks({ isDiff: true }), (any) => {
        const top = topFunctions(any);
        for (let row = 0; row < top.symbol.length; row++) {
          const { callers, callees } = halvesOf(any, any.symbols.name(top.symbol[row]!));
          const expected = [top.total[row], top.totalRight?.[row]];
          expect([callers.total[0], callers.totalRight?.[0]]).toEqual(expected);
          expect([callees.total[0], callees.totalRight?.[0]]).toEqual(expected);
        }
      }),
    );
  });
});
