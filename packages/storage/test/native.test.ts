import { DomainError } from '@everflame/profile';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedAnswerError } from '../src/native/column-readers.ts';
import {
  ArrayColumn,
  DateTime64Column,
  encodeNativeBlock,
  Int64Column,
  StringColumn,
  UInt16Column,
  UInt32Column,
  UInt64Column,
  UInt8Column,
} from '../src/native/columns.ts';
import { decodeNative } from '../src/native/decode.ts';

const uint32 = fc.nat(0xffff_ffff);
const safeInteger = fc.maxSafeInteger();

interface Row {
  small: number;
  day: number;
  count: number;
  id: [number, number];
  value: number;
  time: number;
  text: string;
  ids: [number, number][];
  values: number[];
}

const rowArbitrary: fc.Arbitrary<Row> = fc.record({
  small: fc.nat(255),
  day: fc.nat(65_535),
  count: uint32,
  id: fc.tuple(uint32, uint32),
  value: safeInteger,
  time: fc.nat(4_000_000_000_000),
  text: fc.string({ unit: 'grapheme', maxLength: 300 }),
  ids: fc.array(fc.tuple(uint32, uint32), { maxLength: 20 }),
  values: fc.array(safeInteger, { maxLength: 20 }),
});

function encodeRows(rows: readonly Row[]): Buffer {
  const columns = {
    small: new UInt8Column(),
    day: new UInt16Column('Date'),
    count: new UInt32Column(),
    id: new UInt64Column(),
    value: new Int64Column(),
    time: new DateTime64Column(),
    text: new StringColumn(),
    ids: new ArrayColumn(new UInt64Column()),
    values: new ArrayColumn(new Int64Column()),
  };
  for (const row of rows) {
    columns.small.push(row.small);
    columns.day.push(row.day);
    columns.count.push(row.count);
    columns.id.push(...row.id);
    columns.value.push(row.value);
    columns.time.push(row.time);
    columns.text.push(row.text);
    for (const [lo, hi] of row.ids) columns.ids.items.push(lo, hi);
    columns.ids.endRow();
    columns.values.items.pushAll(Float64Array.from(row.values));
    columns.values.endRow();
  }
  return encodeNativeBlock(columns);
}

function decodeRows(bytes: Uint8Array): Row[] {
  const answer = decodeNative(bytes);
  const numbers = (name: string): Float64Array => answer.numbers(name);
  const id = answer.uint64('id');
  const ids = answer.uint64Arrays('ids');
  const values = answer.numberArrays('values');
  return Array.from({ length: answer.rows }, (_, i) => ({
    small: numbers('small')[i]!,
    day: numbers('day')[i]!,
    count: numbers('count')[i]!,
    id: [id.lo[i]!, id.hi[i]!],
    value: numbers('value')[i]! + 0,
    time: numbers('time')[i]!,
    text: answer.strings('text')[i]!,
    ids: Array.from(ids.lo.subarray(ids.offsets[i], ids.offsets[i + 1]), (lo, k): [number, number] => [
      lo,
      ids.hi[ids.offsets[i]! + k]!,
    ]),
    values: [...values.values.subarray(values.offsets[i], values.offsets[i + 1])],
  }));
}

describe('Native blocks', () => {
  it('decode to the rows that were encoded, over any number of blocks', () => {
    const blocks = fc.array(fc.array(rowArbitrary, { maxLength: 8 }), { maxLength: 4 });
    fc.assert(
      fc.property(blocks, (blocks) => {
        const decoded = decodeRows(Buffer.concat(blocks.map(encodeRows)));
        expect(decoded).toEqual(blocks.flat());
      }),
      { numRuns: 60 },
    );
  });

  it('lay out a block as ClickHouse documents it', () => {
    const value = new Int64Column();
    value.push(-2);
    expect(encodeNativeBlock({ v: value }).toString('hex')).toBe(
      ['01', '01', '01', '76', '05', '496e743634', 'feffffffffffffff'].join(''),
    );
  });

  it('end early with an error wherever an answer is cut', () => {
    const whole = encodeRows(fc.sample(rowArbitrary, { seed: 7, numRuns: 3 }));
    for (let length = 1; length < whole.length; length++) {
      expect(() => decodeNative(whole.subarray(0, length))).toThrow(MalformedAnswerError);
    }
  });

  it('are refused as malformed, never otherwise, when the bytes are garbage', () => {
    const flipped = fc.tuple(fc.array(rowArbitrary, { minLength: 1, maxLength: 3 }), fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          flipped.map(([rows, at, byte]) => {
            const bytes = Buffer.from(encodeRows(rows));
            bytes[at % bytes.length] = byte;
            return bytes;
          }),
        ),
        (bytes) => {
          try {
            expect(decodeNative(bytes).rows).toBeGreaterThanOrEqual(0);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedAnswerError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('refuse a length that does not fit the answer without allocating for it', () => {
    const header = Buffer.from([1, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 0x76, 6, ...Buffer.from('UInt64')]);
    expect(() => decodeNative(header)).toThrow(MalformedAnswerError);
  });

  it('carry integers to ±(2^53 - 1) exactly and refuse those beyond unless rounding is asked for', () => {
    const exact = new Int64Column();
    exact.push(Number.MAX_SAFE_INTEGER);
    exact.push(Number.MIN_SAFE_INTEGER);
    const answer = decodeNative(encodeNativeBlock({ v: exact }));
    expect([...answer.numbers('v')]).toEqual([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);

    const large = Buffer.concat([
      Buffer.from([1, 1, 1, 0x76, 5]),
      Buffer.from('Int64'),
      Buffer.from('0100000000002000', 'hex'),
    ]);
    const rounded = decodeNative(large);
    expect(() => rounded.numbers('v')).toThrow(expect.objectContaining({ code: 'value_too_large' }));
    expect(rounded.roundedNumbers('v')).toMatchObject({ isExact: false, values: Float64Array.of(2 ** 53) });
  });

  it('answer empty columns when there is no block at all', () => {
    const answer = decodeNative(Buffer.alloc(0));
    expect(answer.rows).toBe(0);
    expect(answer.uint64('any').lo).toHaveLength(0);
    expect(answer.uint64Arrays('any').offsets).toEqual(Uint32Array.of(0));
  });

  it('cannot be built from numbers that are not safe integers', () => {
    for (const value of [0.5, Number.NaN, Infinity, 2 ** 53]) {
      expect(() => new Int64Column().push(value)).toThrow(DomainError);
    }
  });
});
