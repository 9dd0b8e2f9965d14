import { safeSum } from '../safe-values.ts';
import type { FlatColumn, FlatGroup } from './flat-profile.ts';

/**
 * Returns the groups that may stay, after one without labels that has the sums of all others. Totals stay the same.
 * Throws `DomainError` (`value_too_large`) when a sum is not exact.
 */
export function mergeGroups(
  groups: readonly FlatGroup[],
  mayStay: (group: FlatGroup) => boolean,
): readonly FlatGroup[] {
  const staying: FlatGroup[] = [];
  const merged: FlatGroup[] = [];
  for (const group of groups) {
    if (group.labels.length > 0 && mayStay(group)) staying.push(group);
    else merged.push(group);
  }
  const [first, ...others] = merged;
  if (first === undefined) return staying;
  if (others.length === 0 && first.labels.length === 0) return groups;
  const columns = first.columns.map((_, type) => sumColumns(merged, type));
  return [{ labels: [], columns }, ...staying];
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
