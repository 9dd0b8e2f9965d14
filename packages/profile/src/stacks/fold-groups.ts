import { safeSum } from '../safe-values.ts';
import type { FlatColumn, FlatGroup } from './flat-profile.ts';

/**
 * The groups with those that are not kept summed into the group without labels, which comes first. Totals stay the same.
 * Throws `DomainError` (`value_too_large`) when a sum is not exact.
 */
export function foldGroups(
  groups: readonly FlatGroup[],
  isKept: (group: FlatGroup) => boolean,
): readonly FlatGroup[] {
  const kept: FlatGroup[] = [];
  const folded: FlatGroup[] = [];
  for (const group of groups) {
    if (group.labels.length > 0 && isKept(group)) kept.push(group);
    else folded.push(group);
  }
  const [first, ...others] = folded;
  if (first === undefined) return kept;
  if (others.length === 0 && first.labels.length === 0) return groups;
  const columns = first.columns.map((_, type) => sumColumns(folded, type));
  return [{ labels: [], columns }, ...kept];
}

function sumColumns(groups: readonly FlatGroup[], type: number): FlatColumn {
  const sums = new Map<number, number>();
  for (const { columns } of groups) {
    const column = columns[type];
    column?.stacks.forEach((stack, i) => {
      sums.set(stack, safeSum(sums.get(stack) ?? 0, column.values[i] as number));
    });
  }
  const stacks = Uint32Array.from(
    [...sums].flatMap(([stack, value]) => (value === 0 ? [] : [stack])),
  ).toSorted();
  const values = Float64Array.from(stacks, (stack) => sums.get(stack) as number);
  return { stacks, values, total: values.reduce(safeSum, 0) };
}
