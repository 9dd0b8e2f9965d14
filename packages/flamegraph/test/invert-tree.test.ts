import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildCallTree,
  cutTree,
  invertTree,
  sandwich,
  topFunctions,
  treeToStacks,
  toCollapsed,
} from '../src/index.ts';
import { anyStacks, drawTree, stacksOf } from './folded.ts';

describe('invertTree', () => {
  it('has leaves at the top and their callers below', () => {
    const tree = invertTree(buildCallTree(stacksOf('main;a;x 2', 'main;b;x 3', 'main;a 1')));
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

  it('gives back the tree when inverted twice', () => {
    fc.assert(
      fc.property(anyStacks({ isDiff: true }), (stacks) => {
        const twice = invertTree(invertTree(buildCallTree(stacks)));
        expect(toCollapsed(treeToStacks(twice))).toBe(toCollapsed(stacks));
      }),
    );
  });

  it('has the self value of a function as the total of its top node', () => {
    fc.assert(
      fc.property(anyStacks({ low: 1 }), (stacks) => {
        const inverted = invertTree(buildCallTree(stacks));
        const top = topFunctions(stacks);
        const selfOf = new Map(Array.from(top.symbol, (id, row) => [id, top.self[row]]));
        for (let node = 1; node < inverted.count; node = inverted.subtreeEnd[node]!) {
          expect(inverted.total[node]).toBe(selfOf.get(inverted.symbol[node]!));
        }
      }),
    );
  });

  it('collects what was cut in one stand-in', () => {
    const tree = cutTree(buildCallTree(stacksOf('a;x 9', 'a;y 1', 'b;z 8', 'b;w 2')), 5);
    expect(drawTree(invertTree(tree))).toEqual([
      'root 20 0',
      '  x 9 0',
      '    a 9 9',
      '  z 8 0',
      '    b 8 8',
      '  +2 3 3',
    ]);
  });
});

describe('sandwich', () => {
  const stacks = stacksOf('main;a;f;g 2', 'main;b;f 3', 'main;f;h;f;g 5', 'main;a 7');

  it('splits at the outermost frame of the function', () => {
    const { callers, callees } = sandwich(stacks, 'f');
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

  it('is empty for a name that does not occur', () => {
    const { callers, callees } = sandwich(stacks, 'nothing');
    expect([...drawTree(callers), ...drawTree(callees)]).toEqual(['root 0 0', 'root 0 0']);
  });

  it('has the total of the function on both sides', () => {
    fc.assert(
      fc.property(anyStacks({ isDiff: true }), (any) => {
        const top = topFunctions(any);
        for (let row = 0; row < top.symbol.length; row++) {
          const { callers, callees } = sandwich(any, any.symbols.name(top.symbol[row]!));
          const expected = [top.total[row], top.totalRight?.[row]];
          expect([callers.total[0], callers.totalRight?.[0]]).toEqual(expected);
          expect([callees.total[0], callees.totalRight?.[0]]).toEqual(expected);
        }
      }),
    );
  });
});
