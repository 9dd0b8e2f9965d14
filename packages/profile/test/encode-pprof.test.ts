import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePprof, pprofOfCollapsed, toCollapsed, type PprofWriterInput } from '@everflame/testkit';
import { PprofBuilder, ProfileDecoder, saltOf, StackFlattener, type ProfileColumns } from '../src/index.ts';

const decoder = new ProfileDecoder();
const flattener = new StackFlattener();

/** The columns as the objects they were encoded from. */
function toObjects(columns: ProfileColumns): PprofWriterInput {
  const text = (index: number | undefined): string => columns.strings.get(index ?? 0);
  const range = (starts: Uint32Array, i: number): number[] =>
    Array.from({ length: starts[i + 1]! - starts[i]! }, (_, n) => starts[i]! + n);
  return {
    sampleTypes: columns.sampleTypes,
    periodType: columns.periodType,
    period: columns.period,
    timeNanos: columns.timeNanos,
    durationNanos: columns.durationNanos,
    defaultSampleType: columns.defaultSampleType,
    functions: Array.from({ length: columns.functionCount }, (_, i) => ({
      name: text(columns.functionName[i]),
      systemName: text(columns.functionSystemName[i]),
      file: text(columns.functionFile[i]),
      startLine: columns.functionStartLine[i]!,
    })),
    locations: Array.from({ length: columns.locationCount }, (_, i) => ({
      address: columns.locationAddressHi[i]! * 2 ** 32 + columns.locationAddressLo[i]!,
      lines: range(columns.lineStart, i).map((line) => ({
        function: columns.lineFunction[line]! - 1,
        line: columns.lineNumber[line]!,
      })),
    })),
    samples: Array.from({ length: columns.sampleCount }, (_, i) => ({
      locations: range(columns.sampleStart, i).map((at) => columns.sampleLocations[at]!),
      values: columns.sampleTypes.map((__, type) => columns.values[i * columns.sampleTypes.length + type]!),
      labels: range(columns.labelStart, i).map((label) => ({
        key: text(columns.labelKey[label]),
        str: text(columns.labelString[label]),
        num: columns.labelNumber[label]!,
        unit: text(columns.labelUnit[label]),
      })),
    })),
  };
}

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const valueType = fc.record({ type: text, unit: text });
const index = (count: number) => fc.integer({ min: 0, max: count - 1 });
const safe = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -200, max: 200 }));

const profile: fc.Arbitrary<PprofWriterInput> = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 200 }))
  .chain(([types, functions, locations]) =>
    fc.record({
      sampleTypes: fc.array(valueType, { minLength: types, maxLength: types }),
      periodType: valueType,
      period: safe,
      timeNanos: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      durationNanos: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      defaultSampleType: text,
      functions: fc.array(fc.record({ name: text, systemName: text, file: text, startLine: fc.nat() }), {
        minLength: functions,
        maxLength: functions,
      }),
      locations: fc.array(
        fc.record({
          address: fc.maxSafeNat(),
          lines: fc.array(fc.record({ function: index(functions), line: fc.nat() }), { maxLength: 3 }),
        }),
        { minLength: locations, maxLength: locations },
      ),
      samples: fc.array(
        fc.record({
          locations: fc.array(index(locations), { maxLength: 30 }),
          values: fc.array(safe, { minLength: types, maxLength: types }),
          labels: fc.array(fc.record({ key: text, str: text, num: fc.integer(), unit: text }), {
            maxLength: 3,
          }),
        }),
        { maxLength: 30 },
      ),
    }),
  );

describe('encodePprof', () => {
  it('writes what the decoder reads back, whatever the profile', () => {
    fc.assert(
      fc.property(profile, (input) => {
        expect(toObjects(decoder.decode(encodePprof(input)))).toEqual(input);
      }),
      { numRuns: 150 },
    );
  });
});

describe('PprofBuilder', () => {
  it('says that its one mapping is symbolised', () => {
    const builder = new PprofBuilder({ sampleTypes: [{ type: 'cpu', unit: 'nanoseconds' }] });
    const functionId = builder.addFunction({ name: 'main' });
    const locationId = builder.addLocation({ lines: [{ functionId }] });
    builder.addSample(Uint32Array.of(locationId), Float64Array.of(5));
    const columns = decoder.decode(builder.finish());
    expect(columns.mappings).toHaveLength(1);
    expect(columns.mappings[0]).toMatchObject({ hasFunctions: true, hasFilenames: true });
    expect(columns.locationMapping[0]).toBe(1);
  });

  it('writes messages of every length', () => {
    for (const depth of [1, 60, 127, 128, 129, 5000, 20_000]) {
      const builder = new PprofBuilder({ sampleTypes: [{ type: 'cpu', unit: 'nanoseconds' }] });
      const functionId = builder.addFunction({ name: 'f'.repeat(depth) });
      const locationId = builder.addLocation({ lines: [{ functionId }] });
      builder.addSample(new Uint32Array(depth).fill(locationId), [1]);
      const columns = decoder.decode(builder.finish());
      expect(columns.sampleStart[1]).toBe(depth);
      expect(columns.strings.get(columns.functionName[0]!)).toHaveLength(depth);
    }
  });
});

describe('pprofOfCollapsed', () => {
  it('builds a profile from folded stacks', () => {
    const bytes = pprofOfCollapsed({
      sampleTypes: [
        { type: 'samples', unit: 'count' },
        { type: 'cpu', unit: 'nanoseconds' },
      ],
      stacks: ['main;work;alloc 3 30', 'main;a b 1 10', 'main;work;alloc 2 20'],
      labels: { endpoint: '/cart' },
    });
    const flat = flattener.flatten(decoder.decode(bytes), { salt: saltOf('t') });
    expect(toCollapsed(flat, 0)).toBe('main;a b 1\nmain;work;alloc 5\n');
    expect(toCollapsed(flat, 1)).toBe('main;a b 10\nmain;work;alloc 50\n');
    expect(flat.groups.map((group) => group.labels)).toEqual([[['endpoint', '/cart']]]);
  });
});

describe('PprofBuilder', () => {
  const build = (values: readonly (number | bigint)[], drainEach: boolean): Uint8Array => {
    const builder = new PprofBuilder({ sampleTypes: [{ type: 'cpu', unit: 'nanoseconds' }] });
    const parts: Uint8Array[] = [];
    for (const [index, value] of values.entries()) {
      const functionId = builder.addFunction({ name: `f${index}` });
      builder.addSample([builder.addLocation({ lines: [{ functionId }] })], [value]);
      if (drainEach) parts.push(builder.drain());
      if (drainEach) expect(builder.pendingBytes).toBe(0);
    }
    return Buffer.concat([...parts, builder.finish()]);
  };

  it('writes the same file in parts', () => {
    expect(build([1, 300, -7], true)).toEqual(build([1, 300, -7], false));
  });

  it('writes 64-bit values as it writes numbers', () => {
    const values = [0, 1, -1, 127, 128, 2 ** 31, 2 ** 32, -(2 ** 40), Number.MAX_SAFE_INTEGER];
    expect(build(values.map(BigInt), false)).toEqual(build(values, false));
  });
});
