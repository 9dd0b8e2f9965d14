import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildCallTree } from '@everflame/testkit';
import { diffContribution, matchedTotal, search } from '../src/index.ts';
import { anyStacks, stacksOf } from './support/folded.ts';

describe('search', () => {
  const { symbols } = stacksOf('encoding/json.Marshal;runtime.mallocgc;JSON 1');
  const found = (text: string): string[] =>
    Array.from(search(symbols, text))
      .flatMap((flag, id) => (flag === 1 ? [symbols.name(id)] : []))
      .toSorted();

  it('ignores case unless the text has a capital letter', () => {
    expect(found('json')).toEqual(['JSON', 'encoding/json.Marshal']);
    expect(found('JSON')).toEqual(['JSON']);
    expect(found('Json')).toEqual([]);
  });

  it('takes text between slashes as a pattern, and nothing else', () => {
    expect(found('/^runtime\\./')).toEqual(['runtime.mallocgc']);
    expect(found('/json')).toEqual(['encoding/json.Marshal']);
    expect(found('m.*c')).toEqual([]);
    expect(() => found('/(/')).toThrow(expect.objectContaining({ code: 'invalid_regex' }));
  });

  it('finds nothing for an empty text and never the root', () => {
    expect(found('')).toEqual([]);
    expect(search(symbols, '/.*/')[0]).toBe(0);
  });
});

describe('matchedTotal', () => {
  it('counts a match within a match once', () => {
    const tree = buildCallTree(stacksOf('f;g;f 2', 'f 3', 'g;f 4', 'h 1'));
    expect(matchedTotal(tree, search(tree.symbols, 'f'))).toEqual({ share: 0.9, nodes: 3 });
    expect(matchedTotal(tree, search(tree.symbols, 'x'))).toEqual({ share: 0, nodes: 0 });
  });

  it('has both sides of a diff', () => {
    const tree = buildCallTree(stacksOf('f 1 3', 'g 3 1'));
    expect(matchedTotal(tree, search(tree.symbols, 'f'))).toEqual({ share: 0.5, nodes: 1 });
  });

  it('refuses marks of another symbol table', () => {
    const tree = buildCallTree(stacksOf('f 1'));
    expect(() => matchedTotal(tree, new Uint8Array(1))).toThrow('symbol table');
  });
});

const contributions = (...lines: string[]): number[] => [
  ...diffContribution(buildCallTree(stacksOf(...lines))),
];

describe('diffContribution', () => {
  it('is the change of a node over the largest change', () => {
    // Nodes: root, hot, tiny.
    expect(contributions('hot 100 150', 'tiny 1 0')).toEqual([49 / 50, 1, -1 / 50]);
  });

  it('has the sign of the change, of a caller that of all that it calls', () => {
    expect(contributions('a 20 40', 'b 20 10')).toEqual([0.5, 1, -0.5]);
  });

  it('is 0 where nothing changed and for a tree with one side', () => {
    expect(contributions('a 1 1')).toEqual([0, 0]);
    expect(contributions('a 1')).toEqual([0, 0]);
  });

  it('stays within -1 and 1 and reaches one of them', () => {
    fc.assert(
      fc.property(anyStacks({ isDiff: true }), (stacks) => {
        const all = [...diffContribution(buildCallTree(stacks))].map(Math.abs);
        expect([0, 1]).toContain(Math.max(...all));
      }),
    );
  });
});
