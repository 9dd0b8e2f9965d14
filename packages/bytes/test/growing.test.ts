import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  boundedEnd,
  encodeUtf8,
  grown,
  PairTable,
  powerOfTwoFor,
  sortByBytes,
  Uint32List,
} from '../src/index.ts';

const word = fc.oneof(fc.nat(5), fc.nat(0xffff_ffff));
const pairs = fc.array(fc.tuple(word, word), { maxLength: 200 });

describe('grown', () => {
  it('keeps what there was and the type of the array', () => {
    const before = Int32Array.of(-1, 2);
    const after = grown(before, 3);
    expect(after).toBeInstanceOf(Int32Array);
    expect([...after]).toEqual([-1, 2, 0, 0]);
    expect(grown(after, 4)).toBe(after);
    expect(grown(new Float64Array(0), 5).length).toBe(5);
  });

  it('knows the power of two that is enough', () => {
    expect([0, 16, 17, 1024, 1025].map(powerOfTwoFor)).toEqual([16, 16, 32, 1024, 2048]);
  });
});

describe('Uint32List', () => {
  it('has the numbers that were appended, in whatever way', () => {
    fc.assert(
      fc.property(fc.array(word), pairs, (words, couples) => {
        const list = new Uint32List(0);
        for (const one of words) list.push(one);
        for (const [lo, hi] of couples) list.pushPair(lo, hi);
        const bytes = list.view().slice();
        list.pushBytes(bytes);
        const expected = [...words, ...couples.flat()];
        expect([...list.subarray(0, list.length)]).toEqual([...expected, ...expected]);
        list.truncate(words.length);
        list.truncate(1e9);
        expect(list.length).toBe(words.length);
        expect(list.bytes).toBeGreaterThanOrEqual(bytes.length * 2);
        list.clear();
        expect(list.view().length).toBe(0);
      }),
    );
  });

  it('takes bytes that are not aligned', () => {
    const list = new Uint32List();
    list.push(5);
    list.pushBytes(Uint8Array.of(9, 1, 0, 0, 0, 2, 0, 0, 0).subarray(1));
    expect([...list.subarray(0, 3)]).toEqual([5, 1, 2]);
    expect(list.at(1_000_000)).toBe(0);
  });

  it('gives memory to write into', () => {
    const list = new Uint32List(1);
    const values = list.reserve(3);
    values.set([1, 2, 3]);
    list.length = 3;
    expect([...list.subarray(1, 3)]).toEqual([2, 3]);
  });
});

describe('PairTable', () => {
  it('numbers pairs in the order of insertion, each once, as a map would', () => {
    fc.assert(
      fc.property(pairs, fc.nat(300), fc.nat(0xffff_ffff), (couples, capacity, seed) => {
        const table = new PairTable(0);
        for (let round = 0; round < 2; round++) {
          const rows = new Map<string, number>();
          for (const [lo, hi] of couples) {
            const key = `${lo} ${hi}`;
            expect(table.find(lo, hi)).toBe(rows.get(key) ?? -1);
            if (!rows.has(key)) rows.set(key, rows.size);
            expect(table.add(lo, hi)).toBe(rows.get(key));
          }
          expect(table.count).toBe(rows.size);
          for (const [key, row] of rows) {
            expect(`${(table.lo[row] ?? 0) >>> 0} ${(table.hi[row] ?? 0) >>> 0}`).toBe(key);
          }
          table.reset(capacity, seed);
          expect(couples.every(([lo, hi]) => table.find(lo, hi) === -1)).toBe(true);
        }
      }),
    );
  });

  it('finds ids again after growing', () => {
    const table = new PairTable(4);
    const ids = Array.from(
      { length: 5000 },
      (_, i) => [Math.imul(i, 0x9e3779b1) >>> 0, (i * 7) >>> 0] as const,
    );
    for (const [index, [lo, hi]] of ids.entries()) expect(table.add(lo, hi)).toBe(index);
    for (const [index, [lo, hi]] of ids.entries()) expect(table.find(lo, hi)).toBe(index);
    expect(table.find(1, 1)).toBe(-1);
    expect(table.count).toBe(5000);
  });

  it('takes numbers of either sign for the same when their bits are', () => {
    const table = new PairTable();
    table.add(0xffff_ffff, 0x8000_0000);
    expect(table.find(-1, -0x8000_0000)).toBe(0);
  });

  it('has room for as many pairs as it was asked for, in little more memory', () => {
    const table = new PairTable(1000);
    const { bytes } = table;
    for (let row = 0; row < 1000; row++) table.add(row, row);
    expect(table.bytes).toBe(bytes);
    expect(bytes).toBeLessThan(1000 * 20);
  });

  it('stays fast for ids that are multiples of powers of two', () => {
    const table = new PairTable();
    for (let row = 0; row < 100_000; row++) expect(table.add(row << 12, row >>> 20)).toBe(row);
  });
});

describe('boundedEnd', () => {
  it('never splits a character', () => {
    const bytes = encodeUtf8('aä€😀');
    const ends = Array.from({ length: 11 }, (_, maxBytes) => boundedEnd(bytes, 0, bytes.length, maxBytes));
    expect(ends).toEqual([0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10]);
  });
});

describe('sortByBytes', () => {
  it('puts texts in the order of their UTF-8 bytes', () => {
    const char = fc.constantFrom('a', '\u00e4', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}');
    fc.assert(
      fc.property(fc.array(fc.string({ unit: char, maxLength: 4 })), (texts) => {
        const hex = (text: string): string =>
          [...encodeUtf8(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
        expect(sortByBytes(texts).map(hex)).toEqual(texts.map(hex).toSorted());
      }),
    );
  });
});
