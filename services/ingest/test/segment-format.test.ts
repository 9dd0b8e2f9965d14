import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  encodeRecords,
  encodeSegmentHeader,
  parseSegment,
  RECORD_HEADER_BYTES,
  SEGMENT_HEADER_BYTES,
  SegmentVersionError,
} from '../src/application/spool/segment-format.ts';

const PAYLOADS = ['first record', 'the second one', '', 'and the last'].map((text) => Buffer.from(text));

function segmentOf(payloads: readonly Uint8Array[]): { file: Buffer; offsets: number[] } {
  const { block, records } = encodeRecords(payloads, SEGMENT_HEADER_BYTES);
  return {
    file: Buffer.concat([encodeSegmentHeader(), block]),
    offsets: records.map(({ offset }) => offset),
  };
}

const texts = (file: Buffer): string[] =>
  parseSegment(file).records.map(({ payload }) => Buffer.from(payload).toString());

describe('a segment', () => {
  const { file, offsets } = segmentOf(PAYLOADS);
  const all = PAYLOADS.map(String);
  const startOf = (index: number): number => offsets[index] ?? file.length;

  it('gives back its records, in order, with the offsets that they were written at', () => {
    const parsed = parseSegment(file);
    expect(texts(file)).toEqual(all);
    expect(parsed.records.map(({ offset }) => offset)).toEqual(offsets);
    expect(parsed).toMatchObject({ damaged: [], validBytes: file.length });
  });

  it('hands out payloads whose slice is a copy', () => {
    const [first] = parseSegment(file).records;
    expect(Buffer.isBuffer(first?.payload)).toBe(false);
    expect(first?.payload.slice().buffer.byteLength).toBe(PAYLOADS[0]?.length);
  });

  it('ends before a record that was cut off at any of its bytes', () => {
    const lastStart = startOf(3);
    for (let bytes = lastStart + 1; bytes < file.length; bytes++) {
      const parsed = parseSegment(file.subarray(0, bytes));
      expect(parsed.records).toHaveLength(3);
      expect(parsed).toMatchObject({ damaged: [], validBytes: lastStart });
    }
  });

  it('ends at once where not even its header is complete', () => {
    for (let bytes = 0; bytes < SEGMENT_HEADER_BYTES; bytes++) {
      expect(parseSegment(file.subarray(0, bytes))).toEqual({ records: [], damaged: [], validBytes: 0 });
    }
  });

  it('ends before zeros, which a power cut may leave', () => {
    const grown = Buffer.concat([file, Buffer.alloc(4096)]);
    expect(parseSegment(grown)).toMatchObject({ damaged: [], validBytes: file.length });
    expect(texts(grown)).toEqual(all);
    expect(parseSegment(Buffer.alloc(4096))).toMatchObject({ damaged: [], validBytes: 0 });
  });

  it('loses one record and no other to a flipped bit, wherever it is', () => {
    for (let index = 0; index < PAYLOADS.length; index++) {
      const [start, end] = [startOf(index), startOf(index + 1)];
      for (let bit = start * 8; bit < end * 8; bit++) {
        const flipped = Buffer.from(file);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        const parsed = parseSegment(flipped);
        expect(texts(flipped)).toEqual(all.filter((_, i) => i !== index));
        expect(parsed.damaged.map(({ start, end }) => [start, end])).toEqual([[start, end]]);
      }
    }
  });

  it('loses no record to a damaged header', () => {
    for (let byte = 0; byte < SEGMENT_HEADER_BYTES; byte++) {
      const flipped = Buffer.from(file);
      flipped[byte]! ^= 0x10;
      expect(texts(flipped)).toEqual(all);
      expect(parseSegment(flipped).damaged).toEqual([
        { start: 0, end: SEGMENT_HEADER_BYTES, reason: 'header' },
      ]);
    }
  });

  it('goes on behind bytes that were overwritten', () => {
    const overwritten = Buffer.from(file);
    overwritten.fill(0xaa, startOf(1), startOf(2) + RECORD_HEADER_BYTES);
    expect(texts(overwritten)).toEqual([all[0], all[3]]);
  });

  it('is refused as a whole when a newer program wrote it', () => {
    const newer = Buffer.from(file);
    newer.writeUInt32LE(2, 8);
    newer.writeUInt32LE(crc32(newer.subarray(0, 12)), 12);
    expect(() => parseSegment(newer)).toThrow(SegmentVersionError);
  });
});
