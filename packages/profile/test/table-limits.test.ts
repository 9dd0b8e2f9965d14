import { describe, expect, it } from 'vitest';
import { normaliseProfile, ProfileDecoder, saltOf, StackFlattener } from '../src/index.ts';
import { FUNCTION, LOCATION, MAPPING, message, packed, SAMPLE, STRINGS, TYPE, type Field } from './wire.ts';

const MIB = 1 << 20;
/** More than this many bytes of memory for a byte of a profile would make a small profile a large problem. */
const MOST_BYTES_PER_BYTE = 40;

const head: readonly Field[] = [[TYPE, message([1, 1], [2, 2])], ...STRINGS];
const main: readonly Field[] = [
  [FUNCTION, message([1, 1], [2, 3])],
  [LOCATION, message([1, 1], [4, message([1, 1])])],
];

/** A profile of `head` and as many copies of a piece as fit into `bytes`. */
function filled(bytes: number, piece: Uint8Array, ...others: readonly Field[]): Uint8Array {
  const start = message(...head, ...others);
  const result = new Uint8Array(start.length + piece.length * Math.floor(bytes / piece.length));
  result.set(start);
  for (let at = start.length; at < result.length; at += piece.length) result.set(piece, at);
  return result;
}

/** Rows with ids of their own: 1, 2, 3, … */
function numbered(field: number, rows: number): Uint8Array {
  const parts = Array.from({ length: rows }, (_, i) => [field, message([1, i + 1])] as const);
  return message(...head, ...parts);
}

const repeat = (count: number, ...fields: readonly Field[]): Uint8Array =>
  filledMessage(count, message(...fields));

function filledMessage(count: number, piece: Uint8Array): Uint8Array {
  const result = new Uint8Array(count * piece.length);
  for (let i = 0; i < count; i++) result.set(piece, i * piece.length);
  return result;
}

function bytesHeld(value: object): number {
  return Object.values(value).reduce<number>((sum, each: unknown) => {
    if (ArrayBuffer.isView(each)) return sum + each.byteLength;
    return Array.isArray(each) ? sum + 120 * each.length : sum;
  }, 0);
}

const EMPTY = new Uint8Array(0);
const hostile: Readonly<Record<string, Uint8Array>> = {
  'samples without anything': filled(MIB, message([SAMPLE, EMPTY])),
  samples: filled(MIB, message([SAMPLE, message([2, 5])])),
  'labelled samples': filled(MIB, message([SAMPLE, message([2, 5], [3, message([1, 3], [2, 4])])])),
  'labels of one sample': message(...head, [SAMPLE, repeat(MIB / 2, [3, EMPTY])]),
  'values of one sample': message(...head, [SAMPLE, message([2, new Uint8Array(MIB)])]),
  'locations of one sample': message(...head, ...main, [
    SAMPLE,
    message([1, new Uint8Array(MIB).fill(1)], [2, 1]),
  ]),
  'lines of one location': message(...head, main[0]!, [
    LOCATION,
    Uint8Array.from([...message([1, 1]), ...repeat(MIB / 4, [4, message([1, 1])])]),
  ]),
  'empty lines': message(...head, [
    LOCATION,
    Uint8Array.from([...message([1, 1]), ...repeat(MIB / 2, [4, EMPTY])]),
  ]),
  mappings: numbered(MAPPING, 60_000),
  locations: numbered(LOCATION, 100_000),
  functions: numbered(FUNCTION, 100_000),
  strings: filled(MIB, message([6, EMPTY])),
  'deep stacks': filled(
    MIB,
    message([SAMPLE, message([1, new Uint8Array(2000).fill(1)], [2, packed(1)])]),
    ...main,
  ),
};

describe('memory', () => {
  it.each(Object.entries(hostile))('for %s is bounded by their bytes', (_, bytes) => {
    const decoder = new ProfileDecoder();
    const pooled = bytesHeld(decoder.decode(message(...head)));
    let held = 0;
    try {
      const columns = decoder.decode(bytes);
      normaliseProfile(columns);
      held = bytesHeld(columns);
      new StackFlattener().flatten(columns, { salt: saltOf('t') });
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^(malformed_profile|limit_)/) });
    }
    expect((held - pooled) / bytes.length).toBeLessThan(MOST_BYTES_PER_BYTE);
  });
});

describe('tables', () => {
  it.each([
    ['mappings', numbered(MAPPING, (1 << 16) + 1)],
    ['sample_labels', message(...head, [SAMPLE, repeat((1 << 23) + 1, [3, EMPTY])])],
    ['lines', message(...head, [LOCATION, repeat((1 << 22) + 1, [4, EMPTY])])],
    ['strings', filled(2 * (1 << 22), message([6, EMPTY]))],
    ['sample_types', message(...head, [SAMPLE, message([2, new Uint8Array(65)])])],
  ])('with more %s than they may have are refused', (name, bytes) => {
    expect(() => new ProfileDecoder().decode(bytes)).toThrow(
      expect.objectContaining({ code: `limit_${name}` }),
    );
  });

  it('with more samples than asked for are refused with their number', () => {
    const bytes = filled(4000, message([SAMPLE, message([2, 5])]));
    expect(() => new ProfileDecoder().decode(bytes, 10)).toThrow('samples is limited to 10; got 1000.');
    expect(new ProfileDecoder().decode(bytes, 1000).sampleCount).toBe(1000);
  });
});
