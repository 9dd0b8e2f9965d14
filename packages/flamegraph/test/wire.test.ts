import { DomainError } from '@everflame/profile';
import { StackSetBuilder, buildCallTree } from '@everflame/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTree, encodeTree, fromColumns, scaleStacks, toColumns, type CallTree } from '../src/index.ts';
import { anyStacks, cutOf, drawTree, stacksOf, toCollapsed } from './support/folded.ts';

// Each length of UTF-8, its limits, and half a surrogate pair.
const anyUnit = fc.constantFrom(
  '\0',
  'a',
  '\u007f',
  '\u0080',
  'é',
  '\u07ff',
  '\u0800',
  '√',
  '\ufeff',
  '\uffff',
  '\ud800',
  '\u{10000}',
  '😀',
  '\u{10ffff}',
);
const malformed = expect.objectContaining({ code: 'malformed_tree' });
const anyTree = fc
  .tuple(
    fc.oneof(anyStacks(), anyStacks({ isDiff: true }), anyStacks({ low: -1000 })),
    fc.constantFrom(1, 1, 0.125, 1e12, 2 ** 45),
    fc.integer({ min: 1, max: 100 }),
  )
  .map(([stacks, factor, maxNodes]) => cutOf(scaleStacks(stacks, factor, factor), maxNodes));

describe('toCollapsed', () => {
  it('sums equal stacks, drops zeros and sorts by bytes', () => {
    expect(toCollapsed(stacksOf('a;b 1', 'B 2', 'a;b 2', 'zero 0', 'a 5', 'up 1', 'up -1'))).toBe(
      'B 2\na 5\na;b 3\n',
    );
  });

  it('sorts by UTF-8 bytes, not by code units', () => {
    expect(toCollapsed(stacksOf('😀 1', '\uffee 1', 'é 1', 'e 1'))).toBe('e 1\né 1\n\uffee 1\n😀 1\n');
  });

  it('has both sides of a diff where either is not zero', () => {
    expect(toCollapsed(stacksOf('a 0 0', 'b 1 0', 'c 0 2', 'd -1 1'))).toBe('b 1 0\nc 0 2\nd -1 1\n');
  });

  it('keeps integers up to 2^53 and fractions as they are', () => {
    expect(toCollapsed(stacksOf(`a ${2 ** 53}`, 'b 0.5'))).toBe('a 9007199254740992\nb 0.5\n');
  });

  it('writes a line break within a name as a space', () => {
    expect(toCollapsed(stacksOf('a\nb;c 1'))).toBe('a b;c 1\n');
  });

  it('is empty without stacks', () => {
    expect(toCollapsed(stacksOf())).toBe('');
  });
});

describe('columns', () => {
  it('are plain arrays with the names in use', () => {
    const stacks = stacksOf('main;a 1 2', 'main;b 3 4');
    stacks.symbols.intern('unused', 'x.go');
    expect(toColumns(buildCallTree(stacks))).toEqual({
      names: ['', 'main', 'a', 'b'],
      files: ['', 'main.go', 'a.go', 'b.go'],
      level: [0, 1, 2, 2],
      name: [0, 1, 2, 3],
      self: [0, 0, 1, 3],
      total: [4, 4, 1, 3],
      selfRight: [0, 0, 2, 4],
      totalRight: [6, 6, 2, 4],
      cut: [0, 0, 0, 0],
    });
  });

  it('give the tree back', () => {
    fc.assert(fc.property(anyTree, (tree) => expectSame(fromColumns(toColumns(tree)), tree)));
  });

  it('are refused when they do not describe a tree', () => {
    const columns = toColumns(buildCallTree(stacksOf('a;b 1', 'c 2')));
    expect(() => fromColumns({ ...columns, self: [1] })).toThrow(malformed);
    expect(() => fromColumns({ ...columns, level: [0, 1, 3, 1] })).toThrow(malformed);
    expect(() => fromColumns({ ...columns, level: [0, 0, 1, 1] })).toThrow(malformed);
    expect(() => fromColumns({ ...columns, name: [0, 1, 9, 1] })).toThrow(malformed);
    expect(() =>
      fromColumns({ names: [], files: [], level: [], name: [], self: [], total: [], cut: [] }),
    ).toThrow(malformed);
  });
});

describe('encodeTree', () => {
  it('gives tree and header back', () => {
    fc.assert(
      fc.property(anyTree, fc.string({ unit: anyUnit, maxLength: 10 }), (tree, text) => {
        const header = { text, nested: [1, null] };
        const decoded = decodeTree(encodeTree(tree, header));
        expect(decoded.header).toEqual(header);
        expectSame(decoded.tree, tree);
      }),
    );
  });

  it('keeps the largest integers and fractions exact', () => {
    const tree = buildCallTree(stacksOf(`a ${2 ** 53 - 1} 0.1`, `b ${-(2 ** 52)} 7`));
    expectSame(decodeTree(encodeTree(tree, {})).tree, tree);
  });

  it('takes a few bytes per node', () => {
    const tree = buildCallTree(
      stacksOf(...Array.from({ length: 1000 }, (_, index) => `main;f${index % 10};g${index} 5`)),
    );
    const names = toColumns(tree).names.join('').length + toColumns(tree).files.join('').length;
    expect((encodeTree(tree, {}).length - names) / tree.count).toBeLessThan(10);
  });

  it('holds a tree 10,000 deep', () => {
    const builder = new StackSetBuilder();
    builder.add(
      Array.from({ length: 10_000 }, (_, depth) => builder.symbols.intern(`f${depth}`)),
      1,
    );
    const tree = buildCallTree(builder.build());
    expectSame(decodeTree(encodeTree(tree, {})).tree, tree);
  });
});

describe('decodeTree', () => {
  const bytes = encodeTree(cutOf(stacksOf('main;a 1', 'main;b 3', 'c 0.5'), 3), {
    unit: 'count',
  });

  it('reads bytes that start anywhere in their buffer', () => {
    const moved = new Uint8Array(bytes.length + 5);
    moved.set(bytes, 3);
    expect(decodeTree(moved.subarray(3, 3 + bytes.length)).header).toEqual({ unit: 'count' });
  });

  it('refuses every truncation', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeTree(bytes.subarray(0, length))).toThrow(malformed);
    }
  });

  it('refuses bytes after the end', () => {
    expect(() => decodeTree(Uint8Array.of(...bytes, 0))).toThrow(malformed);
  });

  it('refuses another version and a header that is no object', () => {
    const other = bytes.slice();
    other[4] = 9;
    expect(() => decodeTree(other)).toThrow(malformed);
    expect(() => decodeTree(encodeTree(buildCallTree(stacksOf('a 1')), []))).toThrow(malformed);
  });

  it('throws nothing but domain errors on damaged bytes', () => {
    const position = fc.nat({ max: bytes.length - 1 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(position, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        (edits) => {
          const damaged = bytes.slice();
          for (const [at, byte] of edits) damaged[at] = byte;
          try {
            const { tree } = decodeTree(damaged);
            expect(tree.count).toBeLessThanOrEqual(bytes.length);
          } catch (error) {
            expect(error).toBeInstanceOf(DomainError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

const filesOf = (tree: CallTree): string[] => Array.from(tree.symbol, (id) => tree.symbols.file(id));

function expectSame(actual: CallTree, expected: CallTree): void {
  expect(drawTree(actual)).toEqual(drawTree(expected));
  expect([...actual.parent]).toEqual([...expected.parent]);
  expect([...actual.subtreeEnd]).toEqual([...expected.subtreeEnd]);
  expect(filesOf(actual)).toEqual(filesOf(expected));
}
