import { describe, expect, it } from 'vitest';
import { pprofOfCollapsed, toCollapsed } from '@everflame/testkit';
import { CUT_FRAME_NAME } from '../src/stacks/flat-profile.ts';
import { CPU, flatten, flattenInput, fn, frameNames, labelled, stackIds, total } from './flatten.ts';
import { FUNCTION, LOCATION, message, packed, SAMPLE, STRING, TYPE } from './wire.ts';

describe('StackFlattener', () => {
  it('expands an inlined location into one frame per line, leaf first', () => {
    const flat = flattenInput({
      sampleTypes: [CPU],
      functions: [fn('main'), fn('outer'), fn('inlined')],
      locations: [{ lines: [{ function: 0 }] }, { lines: [{ function: 2 }, { function: 1 }] }],
      samples: [{ locations: [1, 0], values: [7] }],
    });
    expect(frameNames(flat, 0)).toEqual(['inlined', 'outer', 'main']);
    expect(toCollapsed(flat, 0)).toBe('main;outer;inlined 7\n');
  });

  it('gives the same id to the same frames, whether they were inlined or not', () => {
    const inlined = flattenInput({
      sampleTypes: [CPU],
      functions: [fn('a'), fn('b')],
      locations: [{ lines: [{ function: 1 }, { function: 0 }] }],
      samples: [{ locations: [0], values: [1] }],
    });
    const called = flattenInput({
      sampleTypes: [CPU],
      functions: [fn('b'), fn('a')],
      locations: [{ lines: [{ function: 0 }] }, { lines: [{ function: 1 }] }],
      samples: [{ locations: [0, 1], values: [1] }],
    });
    expect(stackIds(inlined)).toEqual(stackIds(called));
  });

  it('keeps recursion as repeated frames', () => {
    const flat = flatten(pprofOfCollapsed({ stacks: ['main;f;f;f 2', 'main;f;f 1'] }));
    expect(toCollapsed(flat, 0)).toBe('main;f;f 1\nmain;f;f;f 2\n');
    expect(flat.stacks.count).toBe(2);
    expect(flat.frames.count).toBe(2);
  });

  it('tells lines of one function apart', () => {
    const flat = flattenInput({
      sampleTypes: [CPU],
      functions: [fn('main')],
      locations: [{ lines: [{ function: 0, line: 3 }] }, { lines: [{ function: 0, line: 4 }] }],
      samples: [
        { locations: [0], values: [1] },
        { locations: [1], values: [2] },
      ],
    });
    expect(flat.stacks.count).toBe(2);
    expect(new Set(flat.frames.line)).toEqual(new Set([3, 4]));
    expect(toCollapsed(flat, 0)).toBe('main 3\n');
  });

  it('orders stacks by unsigned id and points every column at them in that order', () => {
    const stacks = Array.from({ length: 5000 }, (_, i) => `main;f${i % 70};g${i} ${i + 1}`);
    const flat = flatten(pprofOfCollapsed({ stacks }));
    const ids = stackIds(flat);
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(5000);
    const { stacks: indexes } = flat.groups[0]!.columns[0]!;
    expect([...indexes]).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  });

  it('drops numeric labels and sums what they told apart', () => {
    const flat = flattenInput(
      labelled([
        { value: 5, labels: [{ key: 'bytes', num: 16, unit: 'bytes' }] },
        { value: 6, labels: [{ key: 'bytes', num: 32, unit: 'bytes' }] },
      ]),
    );
    expect(flat.groups).toHaveLength(1);
    expect([...flat.groups[0]!.columns[0]!.values]).toEqual([11]);
  });

  it('drops sums of zero, and stacks and frames that are left without a value', () => {
    const flat = flatten(
      pprofOfCollapsed({
        sampleTypes: [CPU, { type: 'samples', unit: 'count' }],
        stacks: ['main;gone 5 1', 'main;gone -5 -1', 'main;half 0 2', 'main;zero 0 0'],
      }),
    );
    expect(flat.stacks.count).toBe(1);
    expect(flat.frames.count).toBe(2);
    expect(flat.groups[0]!.columns.map((column) => [...column.values])).toEqual([[], [2]]);
  });

  it('keeps negative values', () => {
    const flat = flatten(pprofOfCollapsed({ stacks: ['main;freed -40', 'main;kept 10'] }));
    expect(total(flat)).toBe(-30);
    expect(toCollapsed(flat, 0)).toBe('main;freed -40\nmain;kept 10\n');
  });

  it('has one group without labels for a profile without samples', () => {
    const flat = flatten(pprofOfCollapsed({ stacks: [] }));
    expect(flat.groups).toEqual([{ labels: [], columns: [expect.objectContaining({ total: 0 })] }]);
    expect(flat.stacks.count).toBe(0);
  });

  it('cuts the leaf side of a stack that is too deep and marks the cut', () => {
    const names = Array.from({ length: 10 }, (_, i) => `f${i}`).join(';');
    const flat = flatten(pprofOfCollapsed({ stacks: [`${names} 3`, 'f0;f1 4'] }), { depth: 4 });
    expect(flat.cutStacks).toBe(1);
    expect(toCollapsed(flat, 0)).toBe(`f0;f1 4\nf0;f1;f2;${CUT_FRAME_NAME} 3\n`);
    expect(flatten(pprofOfCollapsed({ stacks: [`${names} 3`] }), { depth: 10 }).cutStacks).toBe(0);
  });

  it('sums stacks that are the same after the cut', () => {
    const flat = flatten(pprofOfCollapsed({ stacks: ['a;b;c;d 3', 'a;b;c;d;e 4'] }), { depth: 3 });
    expect(toCollapsed(flat, 0)).toBe(`a;b;${CUT_FRAME_NAME} 7\n`);
    expect(flat.stacks.count).toBe(1);
  });

  it('cuts names that are too long between characters', () => {
    const flat = flatten(pprofOfCollapsed({ stacks: [`${'ä'.repeat(20)} 3`] }), { stringBytes: 7 });
    expect(toCollapsed(flat, 0)).toBe('äää 3\n');
  });

  it('refuses sums that are not exact', () => {
    const stack = `main ${Number.MAX_SAFE_INTEGER}`;
    const tooLarge = expect.objectContaining({ code: 'value_too_large' });
    expect(() => flatten(pprofOfCollapsed({ stacks: [stack, 'main 1'] }))).toThrow(tooLarge);
    expect(() => flatten(pprofOfCollapsed({ stacks: [stack, 'other 1'] }))).toThrow(tooLarge);
    expect(total(flatten(pprofOfCollapsed({ stacks: [stack] })))).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    ['samples', { samples: 1 }],
    ['stacks', { stacks: 1 }],
  ])('names the limit on %s', (limit, limits) => {
    expect(() => flatten(pprofOfCollapsed({ stacks: ['a 1', 'b 1'] }), limits)).toThrow(
      expect.objectContaining({ code: `limit_${limit}`, limit }),
    );
  });

  it('writes folded text in the order of bytes', () => {
    const flat = flatten(pprofOfCollapsed({ stacks: ['\u{1F600} 1', '\uFF5E 1', 'é 1', 'z 1', 'z;a 1'] }));
    expect(toCollapsed(flat, 0)).toBe('z 1\nz;a 1\né 1\n\uFF5E 1\n\u{1F600} 1\n');
  });

  it('returns a profile that later calls leave alone', () => {
    const first = flatten(pprofOfCollapsed({ stacks: ['main;first 3'] }));
    flatten(pprofOfCollapsed({ stacks: ['other;second;third 9', 'x 1'] }));
    expect(toCollapsed(first, 0)).toBe('main;first 3\n');
  });
});

it('flattens bytes that are built to be slow in no time', () => {
  // 20,000 references to a location of 20,000 lines: 4 × 10^8 frames if it were expanded.
  const line = message([1, 1]);
  const lines = Array.from({ length: 20_000 }, () => [4, line] as const);
  const bytes = message(
    [TYPE, message([1, 1], [2, 2])],
    [SAMPLE, message([1, new Uint8Array(20_000).fill(1)], [2, packed(1)])],
    [LOCATION, message([1, 1], ...lines)],
    [FUNCTION, message([1, 1], [2, 3])],
    ...['', 'cpu', 'nanoseconds', 'f'].map((text) => [STRING, text] as const),
  );
  const flat = flatten(bytes);
  expect(flat.stacks.frames).toHaveLength(1024);
  expect(flat.cutStacks).toBe(1);
});
