import { StackSetBuilder } from '@everflame/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyTransforms,
  EXPORTS,
  compileTransforms,
  diffStackSets,
  SymbolTable,
  type ExportSubject,
  type Stacks,
} from '../src/index.ts';
import { anyStacks, stacksOf, toCollapsed } from './support/folded.ts';

const SUBJECT: ExportSubject = {
  profileTypeId: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
  unit: 'nanoseconds',
  query: 'cpu',
  fromMs: 0,
  instanceSeconds: 0,
};

/** Folded text as it is defined: lines made one by one, summed by stack and sorted by bytes. */
function naiveCollapsed({ symbols, offsets, frames, left, right }: Stacks<SymbolTable>): string {
  const sums = new Map<string, [number, number]>();
  for (let stack = 0; stack < left.length; stack++) {
    const names = Array.from(frames.subarray(offsets[stack], offsets[stack + 1]), (id) => symbols.name(id));
    const key = names
      .toReversed()
      .join(';')
      .replace(/[\r\n]+/g, ' ');
    const [before, after] = sums.get(key) ?? [0, 0];
    sums.set(key, [before + left[stack]!, after + (right?.[stack] ?? 0)]);
  }
  return [...sums]
    .filter(([, [before, after]]) => before !== 0 || after !== 0)
    .map(([key, [before, after]]) => Buffer.from(`${key} ${before}${right ? ` ${after}` : ''}\n`))
    .toSorted((a, b) => Buffer.compare(a, b))
    .map(String)
    .join('');
}

/** Names that begin each other, with separators in them. */
const name = fc.constantFrom(
  'a',
  'b',
  'ab',
  'a b',
  'a;',
  'a;b',
  'a ',
  '!',
  '~',
  'a\nb',
  'é',
  '😀',
  '\ue000',
  '0',
);
const awkwardStacks = fc
  .array(fc.tuple(fc.array(name, { maxLength: 4 }), fc.integer({ min: -3, max: 3 })), { maxLength: 12 })
  .map((stacks) => {
    const builder = new StackSetBuilder(new SymbolTable());
    for (const [names, value] of stacks) {
      builder.add(
        names.map((text) => builder.symbols.intern(text)),
        value,
      );
    }
    return builder.build();
  });

describe('folded text', () => {
  it('is what sorting all lines gives', () => {
    fc.assert(
      fc.property(fc.oneof(anyStacks(), anyStacks({ isDiff: true }), awkwardStacks), (stacks) => {
        expect(toCollapsed(stacks)).toBe(naiveCollapsed(stacks));
      }),
      { numRuns: 500 },
    );
  });

  it('comes in pieces of about 64 KiB, made when they are asked for', () => {
    const builder = new StackSetBuilder(new SymbolTable());
    for (let index = 0; index < 5000; index++) {
      builder.add([builder.symbols.intern(`leaf-${index}`), builder.symbols.intern('x'.repeat(100))], 1);
    }
    const chunks = [...EXPORTS.collapsed.chunks(builder.build(), SUBJECT)];
    expect(chunks.length).toBeGreaterThan(5);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(66_000);
  });
});

const BEYOND = 2n ** 53n + 1n;

/** A set whose doubles are rounded, with the values themselves. */
function exactStacks(...values: (readonly [folded: string, value: bigint])[]): Stacks<SymbolTable> {
  const stacks = stacksOf(...values.map(([folded, value]) => `${folded} ${Number(value)}`));
  return { ...stacks, exact: BigInt64Array.from(values, ([, value]) => value) };
}

describe('values beyond 2^53', () => {
  const stacks = exactStacks(
    ['main;work', BEYOND],
    ['main;work', BEYOND + 1n],
    ['main', 1n],
    ['idle', BEYOND],
  );

  it('stay exact in folded text, filtered or not', () => {
    const sum = 2n * BEYOND + 1n;
    expect(toCollapsed(stacks)).toBe(`idle ${BEYOND}\nmain 1\nmain;work ${sum}\n`);
    const focused = applyTransforms(stacks, compileTransforms({ focus: 'work' }));
    expect(toCollapsed(focused)).toBe(`main;work ${sum}\n`);
  });

  it('stay exact side by side, with a side that has none', () => {
    const diff = diffStackSets(stacks, stacksOf('main;work 7', 'new 1'));
    expect(toCollapsed(diff)).toBe(`idle ${BEYOND} 0\nmain 1 0\nmain;work ${2n * BEYOND + 1n} 7\nnew 0 1\n`);
  });
});

describe('an export to speedscope', () => {
  const parse = (stacks: Stacks<SymbolTable>, unit: string): Record<string, unknown> =>
    JSON.parse([...EXPORTS.speedscope.chunks(stacks, { ...SUBJECT, unit })].join('')) as Record<
      string,
      unknown
    >;

  it('has frames by number and stacks root first', () => {
    expect(parse(stacksOf('main;work 3', 'main 1', 'zero 0'), 'nanoseconds')).toEqual({
      $schema: 'https://www.speedscope.app/file-format-schema.json',
      exporter: 'everflame',
      name: 'cpu',
      activeProfileIndex: 0,
      shared: {
        frames: [
          { name: 'work', file: 'work.go' },
          { name: 'main', file: 'main.go' },
          { name: 'zero', file: 'zero.go' },
        ],
      },
      profiles: [
        {
          type: 'sampled',
          name: 'cpu',
          unit: 'nanoseconds',
          startValue: 0,
          endValue: 4,
          samples: [[1, 0], [1]],
          weights: [3, 1],
        },
      ],
    });
  });

  it('has both sides of a diff, and no unit that speedscope does not know', () => {
    const { profiles } = parse(stacksOf('main 0 5', 'work 2 0'), 'cores');
    expect(profiles).toMatchObject([
      { name: 'before: cpu', unit: 'none', weights: [2] },
      { name: 'after: cpu', unit: 'none', weights: [5] },
    ]);
  });
});
