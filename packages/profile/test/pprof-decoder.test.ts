import { describe, expect, it } from 'vitest';
import { toCollapsed } from '@everflame/testkit';
import { MalformedProfileError, ProfileDecoder, saltOf, StackFlattener } from '../src/index.ts';
import { readCorpusFile, readCorpusProfile } from './corpus.ts';
import {
  FUNCTION,
  LOCATION,
  MAPPING,
  message,
  packed,
  SAMPLE,
  STRING,
  STRINGS,
  TIME,
  TYPE,
  type Field,
} from './wire.ts';

const decoder = new ProfileDecoder();
const flattener = new StackFlattener();
const collapse = (bytes: Uint8Array): string =>
  toCollapsed(flattener.flatten(decoder.decode(bytes), { salt: saltOf('t') }), 0);

const cpuType: Field = [TYPE, message([1, 1], [2, 2])];
const mainFunction = (id: number | bigint): Field => [FUNCTION, message([1, id], [2, 3], [4, 5])];
const workFunction = (id: number | bigint): Field => [FUNCTION, message([1, id], [2, 4], [4, 5])];
const location = (id: number | bigint, fn: number | bigint): Field => [
  LOCATION,
  message([1, id], [4, message([1, fn], [2, 7])]),
];

/** main calls work, which takes 3, with ids of the caller's choice. */
function mainWork(ids: readonly [number | bigint, number | bigint]): Field[] {
  return [
    cpuType,
    [SAMPLE, message([1, packed(ids[1], ids[0])], [2, packed(3)])],
    mainFunction(ids[0]),
    workFunction(ids[1]),
    location(ids[0], ids[0]),
    location(ids[1], ids[1]),
    ...STRINGS,
  ];
}

function failure(bytes: Uint8Array): MalformedProfileError {
  try {
    decoder.decode(bytes);
  } catch (error) {
    if (error instanceof MalformedProfileError) return error;
    throw error;
  }
  throw new Error('the profile was accepted');
}

describe('ProfileDecoder reads', () => {
  it('fields in any order, with the string table first or last', () => {
    const fields = mainWork([1, 2]);
    const stringsFirst = [...fields.slice(-STRINGS.length), ...fields.slice(0, -STRINGS.length)];
    const tablesFirst = [...fields.slice(2, 6), ...STRINGS, ...fields.slice(0, 2)];
    for (const order of [fields, stringsFirst, tablesFirst]) {
      expect(collapse(message(...order))).toBe('main;work 3\n');
    }
  });

  it.each([
    ['dense', 1, 2],
    ['dense and out of order', 2, 1],
    ['with gaps', 17, 900],
    ['sparse', 4_198_400, 5_000_000],
    ['of 2^32 and more', 0x1_0000_0001n, 0x2_0000_0001n],
    ['beyond 2^53', 0xffff_ffff_ffff_ff01n, 0xffff_ffff_ffff_ff00n],
    ['that differ in their high halves only', 7n, 0x7_0000_0007n],
  ])('ids that are %s', (_, main, work) => {
    expect(collapse(message(...mainWork([main, work])))).toBe('main;work 3\n');
  });

  it('repeated numbers that are not packed, and packed ones in pieces', () => {
    const tables = mainWork([1, 2]).slice(2);
    const unpacked: Field = [SAMPLE, message([2, 3], [1, 2], [1, 1])];
    const pieces: Field = [SAMPLE, message([1, packed(2)], [2, packed(3)], [1, packed(1)])];
    expect(collapse(message(cpuType, unpacked, ...tables))).toBe('main;work 3\n');
    expect(collapse(message(cpuType, pieces, ...tables))).toBe('main;work 3\n');
  });

  it('the line number of a line with the column packed into its high half', () => {
    const fields = mainWork([1, 2]);
    fields[5] = [LOCATION, message([1, 2], [4, message([1, 2], [2, (17n << 32n) | 42n], [3, 17])])];
    const columns = decoder.decode(message(...fields));
    expect([...columns.lineNumber.subarray(0, 2)]).toEqual([7, 42]);
  });

  it('negative values exactly', () => {
    const fields = mainWork([1, 2]);
    fields[1] = [SAMPLE, message([1, packed(2, 1)], [2, packed(-(2n ** 53n) + 1n)])];
    expect(decoder.decode(message(...fields)).values[0]).toBe(Number.MIN_SAFE_INTEGER);
  });

  it('invalid UTF-8 lossily', () => {
    const fields = mainWork([1, 2]);
    fields[fields.length - 2] = [STRING, Uint8Array.from([0x77, 0xff, 0x6b])];
    expect(collapse(message(...fields))).toBe('main;w\uFFFDk 3\n');
  });

  it('fields that it does not know, of every wire type', () => {
    const unknown = Uint8Array.from([
      ...message([99, 1], [100, 'x']),
      // Field 99 in 64 bits, then in 32 bits.
      0x99,
      0x06,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      0x9d,
      0x06,
      1,
      2,
      3,
      4,
    ]);
    expect(collapse(Uint8Array.from([...unknown, ...message(...mainWork([1, 2]))]))).toBe('main;work 3\n');
  });

  it('times: nanoseconds exactly, milliseconds of this century, 0 for anything older', () => {
    const at = (time: bigint) =>
      decoder.decode(message(...mainWork([1, 2]), [TIME, time], [10, 1_500_000_000]));
    expect(at(1_700_000_000_123_456_789n)).toMatchObject({
      timeNanos: 1_700_000_000_123_456_789n,
      timeMs: 1_700_000_000_123,
      durationMs: 1500,
    });
    expect(at(1_700_000_000_123_456n).timeMs).toBe(0);
  });

  it('a second profile as if it had never seen the first', () => {
    const large = readCorpusProfile('own/go/typesvcdef.heap.3.pb.gz');
    const small = message(...mainWork([9, 5]));
    const before = collapse(small);
    decoder.decode(large);
    expect(collapse(small)).toBe(before);
  });
});

describe('ProfileDecoder refuses', () => {
  const fields = mainWork([1, 2]);
  const replaced = (index: number, field: Field): Uint8Array => message(...fields.with(index, field));

  it.each([
    ['nothing at all', new Uint8Array(0), 'no bytes'],
    ['no string table', message(cpuType), 'no string table'],
    ['a first string that is not empty', message([STRING, 'x']), 'first string'],
    ['an id of 0', replaced(4, location(0, 1)), 'reserved id 0'],
    ['a function without id', replaced(2, [FUNCTION, message([2, 3])]), 'no id'],
    ['two locations with one id', replaced(4, location(2, 1)), 'two locations'],
    [
      'two sparse functions with one id',
      message(...fields, mainFunction(70_000), mainFunction(70_000)),
      'two functions',
    ],
    ['a location that is missing', replaced(4, location(3, 1)), 'a location that is not in it'],
    ['a function that is missing', replaced(4, location(1, 8)), 'a function that is not in it'],
    ['too many values', replaced(1, [SAMPLE, message([1, packed(2, 1)], [2, packed(3, 4)])]), '2 values'],
    ['too few values', replaced(1, [SAMPLE, message([1, packed(2, 1)])]), '0 values'],
    ['samples without types', message(...fields.slice(1)), '0 sample types'],
    ['an unknown string in a function', replaced(2, [FUNCTION, message([1, 1], [2, 99])]), 'a string'],
    ['an unknown string in a mapping', message(...fields, [MAPPING, message([1, 1], [5, 99])]), 'a string'],
    ['an unknown string in a type', replaced(0, [TYPE, message([1, 99])]), 'a string'],
    [
      'an unknown string in a label',
      replaced(1, [SAMPLE, message([1, packed(2, 1)], [2, packed(3)], [3, message([1, 99])])]),
      'a string',
    ],
    ['two profiles in one', message(...fields, [TIME, 5], ...fields, [TIME, 6]), 'concatenated'],
    ['a known field of the wrong type', message(...fields, [SAMPLE, 5]), 'wrong type'],
    [
      'a number of eleven bytes',
      Uint8Array.from([0x48, ...Array.from({ length: 11 }, () => 0xff)]),
      'too long',
    ],
  ])('%s', (_, bytes, text) => {
    expect(failure(bytes)).toMatchObject({ code: 'malformed_profile', kind: 'invalid' });
    expect(failure(bytes).message).toContain(text);
  });

  it('a profile cut anywhere but at the end of a field', () => {
    const bytes = message(...fields);
    let refused = 0;
    for (let length = 0; length < bytes.length; length++) {
      try {
        decoder.decode(bytes.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedProfileError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(bytes.length - 10);
  });

  it('values that a number cannot hold', () => {
    const bytes = replaced(1, [SAMPLE, message([1, packed(2, 1)], [2, packed(2n ** 53n)])]);
    expect(() => decoder.decode(bytes)).toThrow(
      expect.objectContaining({ code: 'value_too_large', kind: 'too_large' }),
    );
  });

  it('more than 64 sample types', () => {
    expect(() => decoder.decode(message(...Array.from({ length: 65 }, () => cpuType), ...STRINGS))).toThrow(
      expect.objectContaining({ code: 'limit_sample_types' }),
    );
  });

  it.each([
    ['own/go/webapp.heap.debug1.txt', 'text profile', 'debug=1'],
    ['own/go/webapp.goroutine.debug1.txt', 'text profile', 'debug=1'],
    ['own/go/webapp.goroutine.debug2.txt', 'text profile', 'debug=1'],
    ['own/go/webapp.index.txt', 'HTTP response', 'body'],
    ['own/go/webapp.trace.bin', 'execution trace', '/debug/pprof/profile'],
    ['own/go/webapp.vars.json', 'JSON', 'pprof format'],
    ['own/adhoc/node20.cpuprofile', 'JSON', '.cpuprofile'],
    ['own/go/webapp.heap.1.pb.gz', 'gzip-compressed', 'Gunzip'],
  ])('%s, and says what it is', (path, message_, hint) => {
    const error = failure(readCorpusFile(path));
    expect(error.message).toContain(message_);
    expect(error.hint).toContain(hint);
  });

  it('pages and plain text', () => {
    const of = (text: string) => failure(new TextEncoder().encode(text)).message;
    expect(of('<!DOCTYPE html>\n<html>')).toContain('an HTML page');
    expect(of('\n<html><body>')).toContain('an HTML page');
    expect(of('404 page not found\n')).toContain('404 page not found');
  });
});

it('takes a mapping that is missing for none, as the pprof library of Google does', () => {
  const missing: Field = [LOCATION, message([1, 1], [2, 5], [4, message([1, 1], [2, 7])])];
  const fields = mainWork([1, 2]).map((field, i) => (i === 4 ? missing : field));
  expect(collapse(message(...fields))).toBe(collapse(message(...mainWork([1, 2]))));
  expect(decoder.decode(message(...fields)).locationMapping[0]).toBe(0);
});

describe('functions that all have the id 0', () => {
  const dotnet = (...lines: readonly (readonly number[])[]): Field[] => [
    cpuType,
    [SAMPLE, message([1, packed(2, 1)], [2, packed(3)])],
    mainFunction(0),
    workFunction(0),
    ...lines.map((functions, i): Field => {
      const ofLocation = functions.map((fn): Field => [4, message([1, fn], [2, 7])]);
      return [LOCATION, message([1, i + 1], ...ofLocation)];
    }),
    ...STRINGS,
  ];

  it('belong to the locations in their order when there are as many', () => {
    expect(collapse(message(...dotnet([0], [0])))).toBe('main;work 3\n');
  });

  it.each([
    ['there are more locations', dotnet([0], [0], [0])],
    ['a location has two lines', dotnet([0, 0], [0])],
    ['a location has no line', dotnet([0], [])],
    ['a line names a function', dotnet([0], [1])],
  ])('are refused when %s', (_, fields) => {
    expect(() => collapse(message(...fields))).toThrow(/a function has no id/);
  });
});
