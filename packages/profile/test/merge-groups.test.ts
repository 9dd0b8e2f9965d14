import { describe, expect, it } from 'vitest';
import { mergeGroups, type FlatColumn, type FlatGroup } from '../src/index.ts';

const column = (...cells: readonly (readonly [stack: number, value: number])[]): FlatColumn => ({
  stacks: Uint32Array.from(cells, ([stack]) => stack),
  values: Float64Array.from(cells, ([, value]) => value),
  total: cells.reduce((sum, [, value]) => sum + value, 0),
});
const group = (endpoint: string, ...columns: readonly FlatColumn[]): FlatGroup => ({
  labels: endpoint === '' ? [] : [['endpoint', endpoint]],
  columns,
});

describe('mergeGroups', () => {
  const groups = [
    group('', column([1, 5]), column([1, 50])),
    group('/a', column([0, 1], [1, 2]), column([0, 10])),
    group('/b', column([1, 3], [7, 4]), column()),
    group('/c', column([1, -10]), column([1, -50])),
  ];

  it('sums what is not kept into the group without labels, stacks ascending', () => {
    const kept = mergeGroups(groups, ({ labels }) => labels[0]?.[1] === '/a');
    expect(kept.map(({ labels }) => labels[0]?.[1] ?? '')).toEqual(['', '/a']);
    expect(kept[0]?.columns).toEqual([column([1, -2], [7, 4]), column()]);
    expect(kept[1]).toBe(groups[1]);
  });

  it('makes a group without labels where there was none', () => {
    const folded = mergeGroups(groups.slice(1, 3), () => false);
    expect(folded).toEqual([group('', column([0, 1], [1, 5], [7, 4]), column([0, 10]))]);
  });

  it('changes nothing when all are kept', () => {
    expect(mergeGroups(groups, () => true)).toBe(groups);
    expect(mergeGroups(groups.slice(1), () => true)).toEqual(groups.slice(1));
  });

  it('refuses a sum that is not exact', () => {
    const large = column([0, Number.MAX_SAFE_INTEGER]);
    expect(() => mergeGroups([group('/a', large), group('/b', large)], () => false)).toThrow(
      expect.objectContaining({ code: 'value_too_large' }),
    );
  });
});
