import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Demangler } from '../src/adapters/demangler.ts';

/** A type that is its own argument twice, again and again: each level doubles the name. */
function hostileName(levels: number): string {
  const reference = (i: number): string => `S${(i - 1).toString(36).toUpperCase()}_`;
  const pairs = Array.from({ length: levels }, (_, i) => `S_I${reference(i + 1)}${reference(i + 1)}E`);
  return `_Z1f1AIiiE${pairs.join('')}`;
}

describe('Demangler', () => {
  let stalls = 0;
  let demangler: Demangler | undefined;

  beforeEach(() => {
    stalls = 0;
    demangler = new Demangler(() => stalls++);
  });
  afterEach(() => demangler?.close());

  it('makes names of C++ and Rust readable and leaves all others alone', async () => {
    const names = [
      '_ZNSt6vectorIiSaIiEE9push_backERKi',
      'main.main',
      '_RNvNtCs1234_7mycrate3foo3bar',
      '__ZN3foo3barEv',
      '_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE',
      '_Zgarbage',
      '_Z',
      '',
    ];
    expect(await demangler?.demangle(names)).toEqual([
      'std::vector<int, std::allocator<int> >::push_back(int const&)',
      'main.main',
      'mycrate::foo::bar',
      'foo::bar()',
      'core::fmt::Write::write_fmt',
      '_Zgarbage',
      '_Z',
      '',
    ]);
  });

  it('answers more names than go into one message, in their order', async () => {
    const names = Array.from({ length: 2000 }, (_, i) => `_Z${String(i).length + 1}f${i}v`);
    expect(await demangler?.demangle(names)).toEqual(names.map((_, i) => `f${i}()`));
  });

  it('keeps a name whose readable form is very long', async () => {
    expect(await demangler?.demangle([hostileName(14), '_Z1fv'])).toEqual([hostileName(14), 'f()']);
    expect(stalls).toBe(0);
  });

  it('gives up on a name that takes too long, and on that name alone', async () => {
    const answer = await demangler?.demangle(['_Z1av', hostileName(30), '_Z1bv']);
    expect(answer).toEqual(['a()', hostileName(30), 'b()']);
    expect(stalls).toBe(1);
  });

  it('gives up on a call after three such names, and serves the next one', async () => {
    const hostile = [30, 31, 32, 33].map(hostileName);
    expect(await demangler?.demangle([...hostile, '_Z1av'])).toEqual([...hostile, '_Z1av']);
    expect(stalls).toBe(3);
    expect(await demangler?.demangle(['_Z1av'])).toEqual(['a()']);
  });
});
