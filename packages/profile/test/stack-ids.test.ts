import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pprofOfCollapsed, toCollapsed } from '@everflame/testkit';
import { type FlatProfile } from '../src/index.ts';
import { CPU, flatten, flattenInput, fn, stackIds, total } from './flatten.ts';
import { FUNCTION, LOCATION, MAPPING, message, packed, SAMPLE, STRING, TYPE } from './wire.ts';

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

  it('tell every order of the same frames apart, and every depth of a recursion', () => {
    const orders = permutations(['a', 'b', 'c', 'd', 'e', 'f', 'g']).map((names) => `${names.join(';')} 1`);
    const depths = Array.from({ length: 900 }, (_, i) => `main${';f'.repeat(i + 1)} 1`);
    const flat = flatten(pprofOfCollapsed({ stacks: [...orders, ...depths] }));
    expect(flat.stacks.count).toBe(5040 + 900);
    expect(new Set(flat.stacks.idLo).size).toBeGreaterThan(5935);
    expect(new Set(flat.stacks.idHi).size).toBeGreaterThan(5935);
  });

  it('are different for every tenant', () => {
    const bytes = pprofOfCollapsed({ stacks: ['main;work 1'] });
    expect(stackIds(flatten(bytes, {}, 'a'))).not.toEqual(stackIds(flatten(bytes, {}, 'b')));
  });

  it('are the same in every release, because they are stored', () => {
    expect(stackIds(flatten(pprofOfCollapsed({ stacks: ['main;work 1'] }), {}, 'default')))
      .toMatchInlineSnapshot(`
        [
          "1087a49aca1fe7ad",
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

function permutations(names: readonly string[]): readonly string[][] {
  if (names.length === 0) return [[]];
  return names.flatMap((name) =>
    permutations(names.filter((other) => other !== name)).map((rest) => [name, ...rest]),
  );
}

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
