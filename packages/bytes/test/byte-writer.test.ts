import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter, decodeUtf8, encodeUtf8, writeVarint } from '../src/index.ts';
import { MAX_VARINT_BYTES } from '../src/varint.ts';

const malformed = (what: string): Error => new Error(`The bytes are malformed: ${what}.`);
const readerOf = (writer: ByteWriter): ByteReader => new ByteReader(writer.finish(), malformed);
const varint = fc.oneof(fc.nat(300), fc.maxSafeNat());
const zigzag = fc.oneof(fc.integer({ min: -70, max: 70 }), fc.integer({ min: -(2 ** 52), max: 2 ** 52 }));
const text = fc.string({ unit: 'grapheme', maxLength: 300 });

describe('ByteWriter and ByteReader', () => {
  it('read every varint that was written, and nothing more', () => {
    fc.assert(
      fc.property(fc.array(varint), (values) => {
        const writer = new ByteWriter(0);
        for (const value of values) writer.varint(value);
        writer.varints(values);
        const reader = readerOf(writer);
        expect([...values, ...values].map(() => reader.varint())).toEqual([...values, ...values]);
        expect(reader.left).toBe(0);
      }),
    );
  });

  it('write varints as BigInt arithmetic says', () => {
    fc.assert(
      fc.property(varint, (value) => {
        const bytes = new Uint8Array(MAX_VARINT_BYTES);
        const end = writeVarint(bytes, 0, value);
        const read = bytes.subarray(0, end).reduceRight((sum, byte) => (sum << 7n) | BigInt(byte & 0x7f), 0n);
        expect(read).toBe(BigInt(value));
        expect([...bytes.subarray(0, end)].map((byte) => byte >= 0x80)).toEqual(
          Array.from({ length: end }, (_, index) => index < end - 1),
        );
      }),
    );
  });

  it('write numbers of 64 bits as the varints of both halves', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const writer = new ByteWriter(0);
        writer.varint64(Number(value & 0xffff_ffffn), Number(value >> 32n));
        const read = writer.view().reduceRight((sum, byte) => (sum << 7n) | BigInt(byte & 0x7f), 0n);
        expect(read).toBe(value);
        if (value <= 2n ** 53n) expect(readerOf(writer).varint()).toBe(Number(value));
      }),
    );
  });

  it('read every zigzag, pair, double and text that was written', () => {
    fc.assert(
      fc.property(
        fc.array(zigzag),
        fc.array(fc.double({ noNaN: true })),
        fc.array(text),
        fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff)),
        (numbers, doubles, texts, [lo, hi]) => {
          const writer = new ByteWriter(0);
          for (const one of texts) writer.text(one);
          writer.zigzags(numbers);
          writer.pair(lo, hi);
          writer.byte(7);
          writer.doubles(Float64Array.from(doubles));
          writer.append(writer.finish(), 0, writer.length);
          const reader = readerOf(writer);
          for (let round = 0; round < 2; round++) {
            expect(texts.map(() => reader.text())).toEqual(texts);
            expect(numbers.map(() => reader.zigzag() + 0)).toEqual(numbers.map((number) => number + 0));
            expect([reader.word(), reader.word()]).toEqual([lo, hi]);
            expect(reader.byte()).toBe(7);
            expect([...reader.doubles(doubles.length)]).toEqual(doubles);
          }
          expect(reader.left).toBe(0);
        },
      ),
    );
  });

  it('put the length before what was opened, however long it is', () => {
    for (const size of [0, 1, 127, 128, 16_383, 16_384, 2_100_000]) {
      const writer = new ByteWriter(0);
      const outer = writer.open();
      const inner = writer.open();
      for (let index = 0; index < size; index++) writer.byte(index);
      writer.close(inner);
      writer.byte(9);
      writer.close(outer);
      const reader = readerOf(writer);
      expect(reader.count(1)).toBe(reader.left);
      const bytes = reader.slice(reader.count(1));
      expect(bytes.length).toBe(size);
      expect(bytes.every((byte, index) => byte === (index & 0xff))).toBe(true);
      expect(reader.byte()).toBe(9);
    }
  });

  it('keep the memory that they were given until it is full, and after clear', () => {
    const memory = new Uint8Array(32);
    const writer = new ByteWriter(memory);
    writer.text('seven b');
    expect(writer.view().buffer).toBe(memory.buffer);
    writer.clear();
    writer.byte(1);
    expect([...writer.view()]).toEqual([1]);
    expect(writer.view().buffer).toBe(memory.buffer);
  });

  it('read bytes that lie within others', () => {
    const outer = Uint8Array.of(9, 9, 2, 104, 105, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 9);
    const reader = new ByteReader(outer.subarray(2, 13), malformed);
    expect(reader.text()).toBe('hi');
    expect(reader.double()).toBe(1);
    expect(() => reader.byte()).toThrow('it ends too early');
    reader.offset = 3;
    expect(reader.fixed(8).getFloat64(0, true)).toBe(1);
  });

  it('refuse whatever is cut short', () => {
    fc.assert(
      fc.property(text, varint, fc.double({ noNaN: true }), (word, number, double) => {
        const writer = new ByteWriter(0);
        writer.text(word);
        writer.varint(number);
        writer.doubles(Float64Array.of(double));
        const bytes = writer.finish();
        const read = (end: number): void => {
          const reader = new ByteReader(bytes.subarray(0, end), malformed);
          reader.text();
          reader.varint();
          reader.doubles(1);
        };
        read(bytes.length);
        for (let end = 0; end < bytes.length; end++) expect(() => read(end)).toThrow('it ends too early');
      }),
    );
  });

  it('refuse a number beyond 2^53, and a count of more than there is', () => {
    const read = (...bytes: number[]): number => new ByteReader(Uint8Array.from(bytes), malformed).varint();
    expect(read(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10)).toBe(2 ** 53);
    expect(() => read(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x11)).toThrow('a number is too large');
    expect(() => read(...Array.from({ length: 12 }, () => 0x80))).toThrow('a number is too large');
    expect(() => new ByteReader(Uint8Array.of(2, 0, 0, 0), malformed).count(2)).toThrow('it ends too early');
  });

  it('write a lone surrogate as the replacement character', () => {
    const writer = new ByteWriter();
    writer.text('a\ud800b');
    expect(readerOf(writer).text()).toBe('a\ufffdb');
  });
});

describe('decodeUtf8', () => {
  it('is the inverse of encodeUtf8 within other bytes', () => {
    fc.assert(
      fc.property(text, text, (before, within) => {
        const start = encodeUtf8(before).length;
        const bytes = encodeUtf8(before + within + before);
        expect(decodeUtf8(bytes, start, start + encodeUtf8(within).length)).toBe(within);
      }),
    );
  });

  it('replaces what is ill-formed, also in short texts, and keeps a byte order mark', () => {
    expect(decodeUtf8(Uint8Array.of(0x61, 0xff, 0x62), 0, 3)).toBe('a\ufffdb');
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), 0, 4)).toBe('\ufeffa');
    expect(decodeUtf8(new Uint8Array(3), 2, 1)).toBe('');
  });
});
