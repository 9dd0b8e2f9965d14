import { describe, expect, it } from 'vitest';
import { isGoFile, withoutRustHash, withoutTypeArguments } from '../src/normalise/function-names.ts';
import { encodePprof, toCollapsed, type PprofWriterInput } from '@everflame/testkit';
import {
  Hasher64,
  normaliseProfile,
  ProfileDecoder,
  saltOf,
  StackFlattener,
  type FlatProfile,
} from '../src/index.ts';
import { baseUnitOf } from '../src/normalise/units.ts';
import { listCorpus, readCorpusProfile } from './corpus.ts';
import { CPU, fn, total } from './flatten.ts';

const decoder = new ProfileDecoder();
const flattener = new StackFlattener();

function normalised(bytes: Uint8Array): FlatProfile {
  const columns = decoder.decode(bytes);
  normaliseProfile(columns);
  return flattener.flatten(columns, { salt: saltOf('t') });
}

const measured = (unit: string, values: readonly number[], period = 10): PprofWriterInput => ({
  sampleTypes: [
    { type: 'samples', unit: 'count' },
    { type: 'time', unit },
  ],
  periodType: { type: 'cpu', unit },
  period,
  functions: [fn('main')],
  locations: [{ lines: [{ function: 0, line: 1 }] }],
  samples: values.map((value) => ({ locations: [0], values: [1, value] })),
});

describe('units', () => {
  it.each([
    ['ns', 'nanoseconds', 1],
    ['Nanoseconds', 'nanoseconds', 1],
    ['us', 'nanoseconds', 1e3],
    ['µs', 'nanoseconds', 1e3],
    ['microseconds', 'nanoseconds', 1e3],
    ['ms', 'nanoseconds', 1e6],
    ['Milliseconds', 'nanoseconds', 1e6],
    ['s', 'nanoseconds', 1e9],
    ['seconds', 'nanoseconds', 1e9],
    ['minute', 'nanoseconds', 6e10],
    ['byte', 'bytes', 1],
    ['B', 'bytes', 1],
    ['KiB', 'bytes', 1024],
    ['kB', 'bytes', 1024],
    ['MB', 'bytes', 1_048_576],
    ['gibibytes', 'bytes', 2 ** 30],
    ['Counts', 'count', 1],
  ])('%s are %s, times %d', (unit, base, factor) => {
    expect(baseUnitOf(unit)).toEqual({ base, factor });
  });

  it.each(['', 'cycles', 'objects', 'samples', 'percent', 'as'])('"%s" is left alone', (unit) => {
    expect(baseUnitOf(unit)).toBeUndefined();
  });

  it('scale the values of their sample type and the period, and nothing else', () => {
    const flat = normalised(encodePprof(measured('milliseconds', [7, -2])));
    expect(flat.sampleTypes).toEqual([
      { type: 'samples', unit: 'count' },
      { type: 'time', unit: 'nanoseconds' },
    ]);
    expect(flat.periodType).toEqual(CPU);
    expect(flat.period).toBe(10_000_000);
    expect([total(flat, 0), total(flat, 1)]).toEqual([2, 5_000_000]);
  });

  it('refuse a value that is not exact in its base unit', () => {
    const most = Math.floor(Number.MAX_SAFE_INTEGER / 1e9);
    expect(total(normalised(encodePprof(measured('s', [most]))), 1)).toBe(most * 1e9);
    const refused = expect.objectContaining({ code: 'value_too_large' });
    expect(() => normalised(encodePprof(measured('s', [most + 1])))).toThrow(refused);
    expect(() => normalised(encodePprof(measured('s', [-most - 1])))).toThrow(refused);
    expect(() => normalised(encodePprof(measured('s', [1], most + 1)))).toThrow(refused);
  });
});

describe('names of generic Go functions', () => {
  it.each([
    ['main.Map[go.shape.int]', 'main.Map[...]'],
    ['main.Map[go.shape.int,go.shape.string].func1', 'main.Map[...].func1'],
    ['main.(*Tree[go.shape.[]uint8]).Walk', 'main.(*Tree[...]).Walk'],
    ['main.(*Tree[...]).Walk', 'main.(*Tree[...]).Walk'],
    ['x[T1].foo', 'x[...].foo'],
    ['main.F[main.G[main.H[int]]].func1.2', 'main.F[...].func1.2'],
    ['main.F[map[string][4]int].G[go.shape.struct { a [2]int }]', 'main.F[...].G[...]'],
    ['main.größe[int]', 'main.größe[...]'],
    ['type:.eq.[4]int', 'type:.eq.[4]int'],
    ['main.f[unclosed', 'main.f[unclosed'],
    ['main.f]closed[', 'main.f]closed['],
    ['main.f[]', 'main.f[]'],
  ])('%s becomes %s', (name, expected) => {
    expect(withoutTypeArguments(name)).toBe(expected);
    expect(withoutTypeArguments(expected)).toBe(expected);
  });

  const twoNames = (file: string, names: readonly string[]): PprofWriterInput => ({
    sampleTypes: [CPU],
    functions: names.map((name) => ({ name, file })),
    locations: names.map((_, i) => ({ lines: [{ function: i, line: 3 }] })),
    samples: names.map((_, i) => ({ locations: [i], values: [1] })),
  });

  it('make the stacks of all instances one', () => {
    const names = ['x.Sort[go.shape.int]', 'x.Sort[x.T1]', 'x.Sort[...]'];
    const flat = normalised(encodePprof(twoNames('/src/x.go', names)));
    expect(toCollapsed(flat, 0)).toBe('x.Sort[...] 3\n');
    expect(flat.stacks.count).toBe(1);
    expect(flat.frames.systemName(0)).toBe('x.Sort[go.shape.int]');
  });

  it.each([
    ['vector.h', 'std::vector<int>::operator[](unsigned long)'],
    ['string.cc', 'std::string::append[abi:cxx11](char const*)'],
    ['lib.rs', '<[T] as core::slice::SliceExt>::len'],
    ['slice.rs', 'core::slice::<impl [T]>::sort[T]'],
    ['Arrays.java', 'java.util.Arrays.sort(int[])'],
    ['app.js', 'Array[Symbol.iterator]'],
    ['app.ts', 'Object.get [as value]'],
    ['', '[kernel]'],
    ['', 'name[T1]'],
    ['a.rb', 'Hash#[]'],
  ])('in %s leave %s alone', (file, name) => {
    const flat = normalised(encodePprof(twoNames(file, [name])));
    expect(flat.frames.name(0)).toBe(name);
  });

  it('tell Go by the source file', () => {
    expect(['/a/b.go', '<autogenerated>', 'b.golang', ''].map(isGoFile)).toEqual([true, true, false, false]);
  });
});

describe('names of Rust functions', () => {
  it.each([
    ['core::fmt::write::h0123456789abcdef', 'core::fmt::write'],
    ['_ZN4core3fmt5Write9write_str17h0123456789abcdefE', 'core::fmt::Write::write_str'],
    ['ZN3foo3bar17h0123456789abcdefE.llvm.1A2B', 'foo::bar'],
    [
      '_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Write$GT$9write_str17h0123456789abcdefE',
      '<alloc::string::String as core::fmt::Write>::write_str',
    ],
    ['_ZN4core99fmt17h0123456789abcdefE', '_ZN4core99fmt17h0123456789abcdefE'],
    ['_ZNSt6vectorIiSaIiEE9push_backERKi', '_ZNSt6vectorIiSaIiEE9push_backERKi'],
    ['_RNvNtCs1234_7mycrate3foo3bar', '_RNvNtCs1234_7mycrate3foo3bar'],
    ['foo::h0123', 'foo::h0123'],
  ])('%s becomes %s', (name, expected) => {
    expect(withoutRustHash(name)).toBe(expected);
  });
});

it('changes nothing about the profiles of the corpus', () => {
  const paths = ['own/go', 'own/gotest', 'own/gotools', 'own/node']
    .flatMap((folder) => listCorpus(folder))
    .filter((path) => path.includes('.pb') && !path.includes('leaky'));
  expect(paths.length).toBeGreaterThan(80);
  for (const path of paths) {
    const bytes = readCorpusProfile(path);
    const before = fingerprint(flattener.flatten(decoder.decode(bytes), { salt: saltOf('t') }));
    expect([path, fingerprint(normalised(bytes))]).toEqual([path, before]);
  }
});

function fingerprint({ stacks, groups, ...header }: FlatProfile): unknown {
  const hasher = new Hasher64().start(saltOf('t'));
  for (const id of [stacks.idLo, stacks.idHi]) hasher.addBytes(new Uint8Array(id.buffer));
  for (const { columns } of groups) {
    for (const { stacks: rows, values } of columns) {
      hasher.addBytes(new Uint8Array(rows.buffer)).addBytes(new Uint8Array(values.buffer));
    }
  }
  const { sampleTypes, periodType, period } = header;
  return { hash: hasher.finish().toHash64(), sampleTypes, periodType, period };
}
