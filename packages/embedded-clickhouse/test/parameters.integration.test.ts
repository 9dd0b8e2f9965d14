import * as fc from 'fast-check';
import { TupleParam } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type RunningServer } from './start-server.ts';

let running: RunningServer;

beforeAll(async () => {
  running = await startServer();
});
afterAll(() => running.stop());

async function valueOf(type: string, value: unknown, expression = '{value:TYPE}'): Promise<unknown> {
  const result = await running.client.query({
    query: `SELECT ${expression.replace('TYPE', type)} AS v`,
    query_params: { value },
    format: 'JSONEachRow',
  });
  return (await result.json<{ v: unknown }>())[0]?.v;
}

const hostile = [
  "'); DROP DATABASE default; --",
  "\\'; SELECT 1; --",
  '\\',
  "'",
  "''",
  '\n\n',
  '\r\t\b\f\0x',
  '{value:String}',
  '/* ',
  '`"$$',
  'é €😀',
  '\\N',
  'DEFAULT',
  '',
];

describe('query parameters', () => {
  it.each(hostile)('binds the string %j unchanged', async (text) => {
    expect(await valueOf('String', text)).toBe(text);
    expect(await valueOf('Array(String)', [text, text])).toEqual([text, text]);
    expect(await valueOf('Map(String, String)', { [text]: text })).toEqual({ [text]: text });
  });

  it('binds any strings unchanged, alone, in arrays and as keys', async () => {
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom("'", '\\', '\n', '`', '}', ';', '\0', '-'), fc.string()),
    });
    const wellFormed = text.map((value) => value.replaceAll(/\p{Surrogate}/gu, '?'));
    await fc.assert(
      fc.asyncProperty(fc.array(wellFormed, { minLength: 1, maxLength: 20 }), async (values) => {
        expect(await valueOf('Array(String)', values)).toEqual(values);
        expect(await valueOf('String', values[0])).toBe(values[0]);
        expect(await valueOf('Map(String, UInt8)', new Map([[values[0], 1]]))).toEqual({
          [String(values[0])]: 1,
        });
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['UInt64', 18446744073709551615n, '18446744073709551615'],
    ['Int64', -9223372036854775808n, '-9223372036854775808'],
    ['Float64', 1.5e-7, 1.5e-7],
    ['Bool', true, true],
    ['Nullable(String)', null, null],
    ['Array(UInt64)', [1n, 2n], ['1', '2']],
    ['Array(UInt64)', [], []],
    ["DateTime64(3, 'UTC')", new Date('2026-02-03T04:05:06.789Z'), '2026-02-03 04:05:06.789'],
    ["DateTime64(3, 'UTC')", '2026-02-03 04:05:06.789', '2026-02-03 04:05:06.789'],
    ["DateTime('UTC')", new Date('2026-02-03T04:05:06Z'), '2026-02-03 04:05:06'],
    ['Date', '2026-02-03', '2026-02-03'],
    ['Tuple(UInt8, String)', new TupleParam([1, "a'b"]), [1, "a'b"]],
    ['FixedString(2)', 'ab', 'ab'],
  ])('binds %s', async (type, value, expected) => {
    expect(await valueOf(type, value)).toEqual(expected);
  });

  it('binds identifiers, and in inserts', async () => {
    const query_params = { table: 'it`s; DROP' };
    await running.client.command({
      query: 'CREATE TABLE {table:Identifier} (a String) ENGINE = MergeTree ORDER BY a',
      query_params,
    });
    await running.client.command({ query: "INSERT INTO {table:Identifier} VALUES ('x')", query_params });
    const result = await running.client.query({
      query: 'SELECT * FROM {table:Identifier}',
      query_params,
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([{ a: 'x' }]);
  });

  it('refuses a value that is not of its type', async () => {
    await expect(valueOf('UInt64', '1 OR 1')).rejects.toMatchObject({ type: 'BAD_QUERY_PARAMETER' });
    await expect(valueOf('Array(UInt64)', "['a']")).rejects.toMatchObject({
      code: expect.stringMatching(/\d+/),
    });
  });

  it('takes thousands of ids in one parameter, in the URL and in a form', async () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => BigInt(index) * 2n ** 33n);
    const sum = String(ids.reduce((total, id) => total + id, 0n));
    for (const use_multipart_params of [false, true]) {
      const result = await running.client.query({
        query: 'SELECT arraySum({ids:Array(UInt64)}) AS s',
        query_params: { ids },
        use_multipart_params,
        format: 'JSONEachRow',
      });
      expect(await result.json()).toEqual([{ s: sum }]);
    }
  });

  it('keeps parameters of statements that run at the same time apart', async () => {
    const values = Array.from({ length: 200 }, (_, index) => `value ${index}`);
    expect(await Promise.all(values.map((value) => valueOf('String', value)))).toEqual(values);
  });
});
