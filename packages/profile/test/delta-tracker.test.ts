import { describe, expect, it } from 'vitest';
import { encodePprof, pprofOfCollapsed, toCollapsed, type PprofWriterInput } from '@everflame/testkit';
import {
  DeltaScratch,
  DeltaTracker,
  ProfileDecoder,
  saltOf,
  selectSampleTypes,
  StackFlattener,
} from '../src/index.ts';
import type { DeltaResult } from '../src/stacks/delta-tracker.ts';
import { readCorpusProfile } from './corpus.ts';

const decoder = new ProfileDecoder();
const flattener = new StackFlattener();
const ALLOC = { type: 'alloc_space', unit: 'bytes' };
const INUSE = { type: 'inuse_space', unit: 'bytes' };

const heap = (...stacks: string[]): Uint8Array => pprofOfCollapsed({ sampleTypes: [ALLOC, INUSE], stacks });

function flat(bytes: Uint8Array) {
  return flattener.flatten(decoder.decode(bytes), { salt: saltOf('t') });
}

/** Applies a profile and returns the folded text of the selected types, or the kind of result. */
function step(tracker: DeltaTracker, bytes: Uint8Array, keep = [0]): string {
  const columns = decoder.decode(bytes);
  const result = tracker.apply(columns, { cumulative: [0] });
  if (result.kind !== 'delta') return result.kind;
  const selected = flat(selectSampleTypes(columns, { keep, values: result.values }));
  return keep.map((_, type) => toCollapsed(selected, type)).join('--\n');
}

describe('DeltaTracker', () => {
  it('takes the first profile as the baseline and then gives differences', () => {
    const tracker = new DeltaTracker();
    expect(step(tracker, heap('main;a 10 1', 'main;b 5 1'))).toBe('baseline');
    expect(step(tracker, heap('main;a 17 1', 'main;b 5 1', 'main;c 2 1'))).toBe('main;a 7\nmain;c 2\n');
    expect(step(tracker, heap('main;a 17 1', 'main;b 6 1', 'main;c 2 1'))).toBe('main;b 1\n');
    expect(step(tracker, heap('main;a 17 1', 'main;b 6 1', 'main;c 2 1'))).toBe('');
  });

  it('leaves gauges as they are', () => {
    const tracker = new DeltaTracker();
    step(tracker, heap('main;a 10 100'));
    expect(step(tracker, heap('main;a 17 40', 'main;b 1 -3'), [1, 0])).toBe(
      'main;a 40\nmain;b -3\n--\nmain;a 7\nmain;b 1\n',
    );
  });

  it('starts again when a total goes down, and emits nothing', () => {
    const tracker = new DeltaTracker();
    step(tracker, heap('main;a 100 1'));
    expect(step(tracker, heap('main;a 10 1', 'main;b 20 1'))).toBe('reset');
    expect(step(tracker, heap('main;a 11 1', 'main;b 20 1'))).toBe('main;a 1\n');
  });

  it('clamps a stack that went down while the total did not', () => {
    const tracker = new DeltaTracker();
    step(tracker, heap('main;a 10 1', 'main;b 10 1'));
    expect(step(tracker, heap('main;a 4 1', 'main;b 30 1'))).toBe('main;b 20\n');
  });

  it('starts again when the sample types change', () => {
    const tracker = new DeltaTracker();
    step(tracker, heap('main;a 10 1'));
    const other = pprofOfCollapsed({ sampleTypes: [{ type: 'delay', unit: 'ns' }], stacks: ['main;a 99'] });
    expect(step(tracker, other)).toBe('baseline');
  });

  it('sums samples that differ in numeric labels and keeps string labels apart', () => {
    const profile = (a16: number, a32: number, x: number): Uint8Array =>
      encodePprof({
        sampleTypes: [ALLOC],
        functions: [{ name: 'main' }],
        locations: [{ lines: [{ function: 0 }] }],
        samples: [
          { locations: [0], values: [a16], labels: [{ key: 'bytes', num: 16 }] },
          { locations: [0], values: [a32], labels: [{ key: 'bytes', num: 32 }] },
          { locations: [0], values: [x], labels: [{ key: 'endpoint', str: '/x' }] },
        ],
      } satisfies PprofWriterInput);
    const tracker = new DeltaTracker();
    tracker.apply(decoder.decode(profile(5, 7, 1)), { cumulative: [0] });
    const columns = decoder.decode(profile(4, 10, 3));
    const result = tracker.apply(columns, { cumulative: [0] });
    expect(result).toEqual({ kind: 'delta', values: Float64Array.of(2, 0, 2) });
    const selected = flat(selectSampleTypes(columns, { keep: [0], ...valuesOf(result) }));
    expect(selected.groups.map(({ labels, columns: [column] }) => [labels, column?.total])).toEqual([
      [[], 2],
      [[['endpoint', '/x']], 2],
    ]);
  });

  it.each([
    ['webapp.allocs', [0, 1]],
    ['webapp.heap', [0, 1]],
    ['webapp.block', [0, 1]],
    ['webapp.mutex', [0, 1]],
    ['contend.block', [0, 1]],
  ])('adds up to the difference of totals over consecutive scrapes of %s', (name, cumulative) => {
    const tracker = new DeltaTracker(new DeltaScratch());
    const totals: number[][] = [];
    const deltas: number[][] = [];
    for (let scrape = 1; scrape <= (name === 'contend.block' ? 3 : 6); scrape++) {
      const columns = decoder.decode(readCorpusProfile(`own/go/${name}.${scrape}.pb.gz`));
      const result = tracker.apply(columns, { cumulative });
      const sum = (values: Float64Array): number[] =>
        columns.sampleTypes.map((_, type) => {
          let total = 0;
          for (let i = 0; i < columns.sampleCount; i++)
            total += values[i * columns.sampleTypes.length + type]!;
          return total;
        });
      totals.push(sum(columns.values));
      expect(result.kind).toBe(scrape === 1 ? 'baseline' : 'delta');
      if (result.kind === 'delta') deltas.push(sum(result.values));
    }
    const differences = deltas.map((_, i) =>
      totals[i + 1]!.map((total, type) => (cumulative.includes(type) ? total - totals[i]![type]! : total)),
    );
    expect(deltas).toEqual(differences);
    expect(tracker.bytes).toBeGreaterThan(0);
    expect(tracker.bytes / tracker.stacks).toBeLessThan(60);
  });
});

function valuesOf(result: DeltaResult): { values?: Float64Array } {
  return result.kind === 'delta' ? { values: result.values } : {};
}

describe('selectSampleTypes', () => {
  it('keeps everything but what it was asked to drop', () => {
    for (const path of [
      'own/go/webapp.heap.3.pb.gz',
      'own/go/webapp.cpu10s.pb.gz',
      'own/node/ts.wall.0.pb.gz',
    ]) {
      const bytes = readCorpusProfile(path);
      const before = flat(bytes);
      const columns = decoder.decode(bytes);
      const last = columns.sampleTypes.length - 1;
      const header = {
        sampleTypes: [columns.sampleTypes[last]],
        periodType: columns.periodType,
        period: columns.period,
        timeNanos: columns.timeNanos,
        durationNanos: columns.durationNanos,
        mappings: columns.mappings.length,
      };
      const selected = selectSampleTypes(columns, { keep: [last] });
      expect(selected.length).toBeLessThan(bytes.length);
      const again = decoder.decode(selected);
      expect({ ...header, mappings: again.mappings.length }).toEqual(header);
      expect(again).toMatchObject({ ...header, mappings: expect.anything() });
      const after = flat(selected);
      expect(toCollapsed(after, 0)).toBe(toCollapsed(before, last));
      expect(after.groups.map((group) => group.labels)).toEqual(
        before.groups.filter((group) => group.columns[last]!.values.length > 0).map((group) => group.labels),
      );
      expect(after.groups[0]!.columns[0]!.total).toBe(before.groups[0]!.columns[last]!.total);
    }
  });

  it('keeps the ids of stacks', () => {
    const bytes = readCorpusProfile('own/go/webapp.cpu10s.pb.gz');
    const { stacks } = flat(bytes);
    const again = flat(selectSampleTypes(decoder.decode(bytes), { keep: [0, 1] }));
    expect(again.stacks.idLo).toEqual(stacks.idLo);
    expect(again.stacks.idHi).toEqual(stacks.idHi);
  });
});
