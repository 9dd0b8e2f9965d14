import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatCollapsed, toCollapsed } from '@everflame/testkit';
import { ProfileDecoder, saltOf, StackFlattener, type FlatProfile } from '../src/index.ts';
import { readCorpusProfile, readExpected, type Expected } from './corpus.ts';

const decoder = new ProfileDecoder();
const flattener = new StackFlattener();
const salt = saltOf('default');

function flatten(path: string) {
  return flattener.flatten(decoder.decode(readCorpusProfile(path)), { salt });
}

function sha256(text: string): string {
  // The reference writes a single line feed where there is no stack at all.
  return createHash('sha256')
    .update(text === '' ? '\n' : text)
    .digest('hex');
}

function addCollapsed(sums: Map<string, number>, flat: FlatProfile, type: number, sign: number): void {
  for (const line of toCollapsed(flat, type).split('\n')) {
    const space = line.lastIndexOf(' ');
    if (space === -1) continue;
    const stack = line.slice(0, space);
    sums.set(stack, (sums.get(stack) ?? 0) + sign * Number(line.slice(space + 1)));
  }
}

function nameOf({ files, base }: Expected): string {
  const left = files.length > 2 ? `${files[0]} and ${files.length - 1} more` : files.join(' and ');
  return base === undefined ? left : `${left} minus ${base.join(' and ')}`;
}

const singles = readExpected().filter(({ files, base }) => files.length === 1 && base === undefined);
const merges = readExpected().filter(({ files, base }) => files.length > 1 || base !== undefined);

describe('real profiles add up to what the pprof library of Google computes', () => {
  it('has profiles of all programs', () => {
    expect(singles.length).toBeGreaterThan(80);
    expect(merges.length).toBeGreaterThan(5);
  });

  it.each(singles.map((expected) => [nameOf(expected), expected] as const))('%s', (path, expected) => {
    const flat = flatten(path);
    expect(flat.sampleTypes).toEqual(expected.sampleTypes.map(({ type, unit }) => ({ type, unit })));
    expect(`${flat.periodType.type}/${flat.periodType.unit}`).toBe(expected.periodType);
    expect(flat.period).toBe(expected.period);
    expect(flat.durationMs).toBe(Math.round(expected.durationNanos / 1e6));
    expected.sampleTypes.forEach((sampleType, type) => {
      const total = flat.groups.reduce((sum, group) => sum + (group.columns[type]?.total ?? NaN), 0);
      expect(total).toBe(sampleType.total);
      const collapsed = toCollapsed(flat, type);
      expect(collapsed.split('\n').length - 1).toBe(sampleType.stacks);
      expect(sha256(collapsed)).toBe(sampleType.collapsedSha256);
    });
  });

  it.each(merges.map((expected) => [nameOf(expected), expected] as const))('%s', (_, expected) => {
    const files = expected.files.map(flatten);
    const base = (expected.base ?? []).map(flatten);
    expected.sampleTypes.forEach((sampleType, type) => {
      const sums = new Map<string, number>();
      for (const flat of files) addCollapsed(sums, flat, type, 1);
      for (const flat of base) addCollapsed(sums, flat, type, -1);
      expect([...sums.values()].reduce((sum, value) => sum + value, 0)).toBe(sampleType.total);
      expect(sha256(formatCollapsed(sums))).toBe(sampleType.collapsedSha256);
    });
  });
});
