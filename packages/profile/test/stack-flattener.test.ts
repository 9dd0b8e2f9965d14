import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CUT_FRAME_NAME,
  encodePprof,
  hash64ToHex,
  PprofDecoder,
  pprofOfCollapsed,
  saltOf,
  StackFlattener,
  toCollapsed,
  type FlatProfile,
  type FlattenLimits,
  type PprofWriterInput,
} from '../src/index.ts';
import { FUNCTION, LOCATION, MAPPING, message, packed, SAMPLE, STRING, TYPE } from './wire.ts';

const decoder = new PprofDecoder();
const flattener = new StackFlattener();
const salt = saltOf('t');
const CPU = { type: 'cpu', unit: 'nanoseconds' };

function flatten(bytes: Uint8Array, limits: Partial<FlattenLimits> = {}, tenant = 't'): FlatProfile {
  return flattener.flatten(decoder.decode(bytes), { salt: saltOf(tenant), limits });
}

const flattenInput = (input: PprofWriterInput, limits?: Partial<FlattenLimits>): FlatProfile =>
  flatten(encodePprof(input), limits);

function stackIds(flat: FlatProfile): string[] {
  return Array.from({ length: flat.stacks.count }, (_, i) =>
    hash64ToHex({ lo: flat.stacks.idLo[i]!, hi: flat.stacks.idHi[i]! }),
  );
}

function frameNames(flat: FlatProfile, stack: number): string[] {
  const { offsets, frames } = flat.stacks;
  return [...frames.subarray(offsets[stack], offsets[stack + 1])].map((frame) => flat.frames.name(frame));
}

const fn = (name: string) => ({ name, file: `${name}.go`, startLine: 1 });
const total = (flat: FlatProfile, type = 0): number =>
  flat.groups.reduce((sum, group) => sum + group.columns[type]!.total, 0);

/** main calls work; samples and labels of the caller's choice. */
const labelled = (
  samples: readonly { value: number; labels?: PprofWriterInput['samples'][0]['labels'] }[],
): PprofWriterInput => ({
  sampleTypes: [CPU],
  functions: [fn('main'), fn('work')],
  locations: [{ lines: [{ function: 0, line: 3 }] }, { lines: [{ function: 1, line: 5 }] }],
  samples: samples.map(({ value, labels }) => ({ locations: [1, 0], values: [value], labels: labels ?? [] })),
});

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
    expect([...flat.frames.line].toSorted()).toEqual([3, 4]);
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
    const flat = flatten(pprofOfCollapsed({ stacks: [`${names} 3`, 'f0;f1 4'] }), { maxDepth: 4 });
    expect(flat.cutStacks).toBe(1);
    expect(toCollapsed(flat, 0)).toBe(`f0;f1 4\nf0;f1;f2;${CUT_FRAME_NAME} 3\n`);
    expect(flatten(pprofOfCollapsed({ stacks: [`${names} 3`] }), { maxDepth: 10 }).cutStacks).toBe(0);
  });

  it('sums stacks that are the same after the cut', () => {
    const flat = flatten(pprofOfCollapsed({ stacks: ['a;b;c;d 3', 'a;b;c;d;e 4'] }), { maxDepth: 3 });
    expect(toCollapsed(flat, 0)).toBe(`a;b;${CUT_FRAME_NAME} 7\n`);
    expect(flat.stacks.count).toBe(1);
  });

  it('cuts names that are too long between characters', () => {
    const flat = flatten(pprofOfCollapsed({ stacks: [`${'ä'.repeat(20)} 3`] }), { maxStringBytes: 7 });
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
    ['samples', { maxSamples: 1 }],
    ['stacks', { maxStacks: 1 }],
  ])('names the limit on %s', (limit, limits) => {
    expect(() => flatten(pprofOfCollapsed({ stacks: ['a 1', 'b 1'] }), limits)).toThrow(
      expect.objectContaining({ code: `limit_${limit}`, limit }),
    );
  });

  it('returns a profile that later calls leave alone', () => {
    const first = flatten(pprofOfCollapsed({ stacks: ['main;first 3'] }));
    flatten(pprofOfCollapsed({ stacks: ['other;second;third 9', 'x 1'] }));
    expect(toCollapsed(first, 0)).toBe('main;first 3\n');
  });
});

describe('ids of stacks', () => {
  const stack = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 8 });
  const stacks = fc.array(fc.tuple(stack, fc.integer({ min: 1, max: 1000 })), { maxLength: 40 });
  const lines = (pairs: [string[], number][]): string[] =>
    pairs.map(([names, value]) => `${names.join(';')} ${value}`);

  it('depend neither on the order of samples nor on the ids of locations', () => {
    fc.assert(
      fc.property(stacks, (pairs) => {
        const forward = flatten(pprofOfCollapsed({ stacks: lines(pairs) }));
        const backward = flatten(pprofOfCollapsed({ stacks: lines(pairs.toReversed()) }));
        expect(stackIds(backward)).toEqual(stackIds(forward));
        expect(backward.groups).toEqual(forward.groups);
        expect(toCollapsed(backward, 0)).toBe(toCollapsed(forward, 0));
      }),
    );
  });

  it('are as many as there are different stacks, and flattening keeps the total', () => {
    fc.assert(
      fc.property(stacks, (pairs) => {
        const flat = flatten(pprofOfCollapsed({ stacks: lines(pairs) }));
        expect(flat.stacks.count).toBe(new Set(pairs.map(([names]) => names.join(';'))).size);
        expect(total(flat)).toBe(pairs.reduce((sum, [, value]) => sum + value, 0));
      }),
    );
  });

  it('are different for every tenant', () => {
    const bytes = pprofOfCollapsed({ stacks: ['main;work 1'] });
    expect(stackIds(flatten(bytes, {}, 'a'))).not.toEqual(stackIds(flatten(bytes, {}, 'b')));
  });

  it('are the same in every release, because they are stored', () => {
    expect(
      stackIds(flatten(pprofOfCollapsed({ stacks: ['main;work 1'] }), {}, 'default')),
    ).toMatchInlineSnapshot(`
      [
        "db4d0c451d3c3ebe",
      ]
    `);
  });

  it('do not depend on the addresses of functions with names', () => {
    const at = (address: number) =>
      flattenInput({
        sampleTypes: [CPU],
        functions: [fn('main')],
        locations: [{ address, lines: [{ function: 0, line: 1 }] }],
        samples: [{ locations: [0], values: [1] }],
      });
    expect(stackIds(at(0x1000))).toEqual(stackIds(at(0x2000)));
    expect(at(0x1000).frames.addressLo[0]).toBe(0);
  });
});

describe('addresses without symbol', () => {
  /** One sample at an address of a binary that is mapped at `start`. */
  function unsymbolised(start: bigint, address: bigint, buildId = 'b1'): FlatProfile {
    const strings = ['', 'cpu', 'nanoseconds', '/bin/app', buildId].map((text) => [STRING, text] as const);
    return flatten(
      message(
        [TYPE, message([1, 1], [2, 2])],
        [SAMPLE, message([1, packed(1)], [2, packed(4)])],
        [MAPPING, message([1, 1], [2, start], [3, start + 0x10000n], [4, 0x400], [5, 3], [6, 4])],
        [LOCATION, message([1, 1], [2, 1], [3, address])],
        ...strings,
      ),
    );
  }

  it('are shown in hex with their binary', () => {
    const flat = unsymbolised(0x7f00_0000_0000n, 0x7f00_0000_0abcn);
    expect(toCollapsed(flat, 0)).toBe('0x7f0000000abc 4\n');
    expect(flat.frames.file(0)).toBe('/bin/app');
    expect(flat.frames.buildId(0)).toBe('b1');
    expect(flat.frames.systemName(0)).toBe('');
    expect([flat.frames.addressHi[0], flat.frames.addressLo[0]]).toEqual([0x7f00, 0x0abc]);
  });

  it('have the same id wherever their binary was loaded', () => {
    const low = unsymbolised(0x5500_ffff_f000n, 0x5500_ffff_fabcn);
    const high = unsymbolised(0x7f00_0000_0000n, 0x7f00_0000_0abcn);
    expect(stackIds(low)).toEqual(stackIds(high));
    expect(stackIds(unsymbolised(0x5500_0000_0000n, 0x5500_0000_0abdn))).not.toEqual(stackIds(low));
    expect(stackIds(unsymbolised(0x5500_0000_0000n, 0x5500_0000_0abcn, 'b2'))).not.toEqual(stackIds(low));
  });

  it('stay a frame of their own where a line names no function', () => {
    const flat = flatten(
      message(
        [TYPE, message([1, 1], [2, 2])],
        [SAMPLE, message([1, packed(1, 2)], [2, packed(4)])],
        [LOCATION, message([1, 1], [3, 0x1f], [4, message([2, 9])])],
        [LOCATION, message([1, 2], [4, message([1, 1])])],
        [FUNCTION, message([1, 1], [3, 3])],
        ...['', 'cpu', 'nanoseconds', 'main'].map((text) => [STRING, text] as const),
      ),
    );
    expect(toCollapsed(flat, 0)).toBe('main;0x1f 4\n');
  });
});

describe('string labels of samples', () => {
  const str = (labels: Record<string, string>) =>
    Object.entries(labels).map(([key, value]) => ({ key, str: value }));
  const groupsOf = (flat: FlatProfile) =>
    flat.groups.map((group) => [Object.fromEntries(group.labels), group.columns[0]!.total]);

  it('make groups, the one without labels first', () => {
    const flat = flattenInput(
      labelled([
        { value: 1, labels: str({ endpoint: '/b' }) },
        { value: 2 },
        { value: 3, labels: str({ endpoint: '/a' }) },
        { value: 4, labels: str({ endpoint: '/b' }) },
      ]),
    );
    expect(groupsOf(flat)).toEqual([
      [{}, 2],
      [{ endpoint: '/a' }, 3],
      [{ endpoint: '/b' }, 5],
    ]);
    expect(flat.stacks.count).toBe(1);
    expect(toCollapsed(flat, 0)).toBe('main;work 10\n');
  });

  it('count in any order', () => {
    const flat = flattenInput(
      labelled([
        { value: 1, labels: str({ a: '1', b: '2' }) },
        { value: 2, labels: str({ b: '2', a: '1' }) },
        { value: 4, labels: str({ a: '2', b: '1' }) },
      ]),
    );
    expect(groupsOf(flat)).toEqual([
      [{ a: '1', b: '2' }, 3],
      [{ a: '2', b: '1' }, 4],
    ]);
  });

  it('are left out when they are ids of spans, traces and threads, or empty', () => {
    const flat = flattenInput(
      labelled([
        { value: 1, labels: str({ trace_id: 'x1', 'span id': 'y1', 'pprof::base': 'true', endpoint: '/a' }) },
        { value: 2, labels: str({ traceId: 'x2', 'thread id': '7', endpoint: '/a', other: '' }) },
      ]),
    );
    expect(groupsOf(flat)).toEqual([[{ endpoint: '/a' }, 3]]);
  });

  it('get valid names, and samples that differ in nothing else are summed', () => {
    const flat = flattenInput(
      labelled([
        { value: 1, labels: str({ 'thread name': 'worker' }) },
        { value: 2, labels: str({ thread_name: 'worker' }) },
        { value: 4, labels: str({ '9lives': 'x' }) },
      ]),
    );
    expect(groupsOf(flat)).toEqual([
      [{ _9lives: 'x' }, 4],
      [{ thread_name: 'worker' }, 3],
    ]);
  });

  it('join several values of one name', () => {
    const labels = [
      { key: 'tag', str: 'b' },
      { key: 'tag', str: 'a' },
      { key: 'tag', str: 'b' },
    ];
    expect(groupsOf(flattenInput(labelled([{ value: 1, labels }])))).toEqual([[{ tag: 'a,b' }, 1]]);
  });

  it('beyond the bound are summed into the group without labels and counted', () => {
    const samples = Array.from({ length: 10 }, (_, i) => ({
      value: 1,
      labels: str({ user: String(i % 5) }),
    }));
    const flat = flattenInput(labelled(samples), { maxLabelSets: 3 });
    expect(groupsOf(flat)).toEqual([
      [{}, 4],
      [{ user: '0' }, 2],
      [{ user: '1' }, 2],
      [{ user: '2' }, 2],
    ]);
    expect(flat.foldedLabelSets).toBe(2);
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
  const flat = flattener.flatten(decoder.decode(bytes), { salt });
  expect(flat.stacks.frames).toHaveLength(1024);
  expect(flat.cutStacks).toBe(1);
});
