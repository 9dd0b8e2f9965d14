import type { TopResponse } from '@everflame/contract';

/** One function on both sides of a comparison. */
export type ChangedFunction = ReturnType<typeof changedFunctions>[number];

/** Which value of a function is compared. */
export type Measure = 'self' | 'total';

/** Functions by the size of their change, largest first, in either direction. */
export function changedFunctions(top: TopResponse, measure: Measure) {
  return top.functions
    .map((row) => {
      const before = row[measure];
      const after = (measure === 'self' ? row.selfRight : row.totalRight) ?? 0;
      return {
        name: row.name,
        file: row.file,
        before,
        after,
        delta: after - before,
        state: stateOf(row, before, after),
      };
    })
    .filter((row) => row.delta !== 0)
    .toSorted((a, b) => Math.abs(b.delta) - Math.abs(a.delta) || a.name.localeCompare(b.name));
}

function stateOf(row: TopResponse['functions'][number], before: number, after: number) {
  if (row.total === 0 && (row.totalRight ?? 0) !== 0) return 'new';
  if (row.total !== 0 && (row.totalRight ?? 0) === 0) return 'gone';
  if (after === before) return 'same';
  return after > before ? 'grew' : 'shrank';
}
