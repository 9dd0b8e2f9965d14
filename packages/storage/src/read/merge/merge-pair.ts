import type { ClickHouse } from '../../client.ts';
import { expectedKind } from '../../kinds.ts';
import { type Sql, SqlParams } from '../../sql.ts';
import { type RowColumns, type RowSource, planSettings, selectRows } from '../plan/row-source.ts';
import {
  kindCondition,
  readCoverage,
  COVERAGE_COLUMNS,
  coverageText,
  STACK_COLUMNS,
} from './merge-stacks.ts';
import {
  type Coverage,
  isSameTotal,
  type MergedStacks,
  type MergeOptions,
  totalOf,
} from './merged-stacks.ts';
import type { ProfileFilter } from '../profile-filter.ts';
import { readPlan } from '../plan/read-plan.ts';

/**
 * Merges the profiles of two filters of one type in one pass, as `mergeStacks` merges each: with the same stacks in the
 * same order (one pair of id arrays), of which one that a side lacks is 0 there. Answers undefined for what
 * takes more than adding numbers up: kinds that are averaged, kinds that the type does not suggest, sums beyond
 * 2^53 - 1, and profiles that arrive meanwhile. Throws as `mergeStacks` does.
 */
export async function mergePair(
  clickhouse: ClickHouse,
  left: ProfileFilter,
  right: ProfileFilter,
  options: MergeOptions,
): Promise<{ left: MergedStacks; right: MergedStacks } | undefined> {
  const kind = expectedKind(left.profileTypeId);
  if (options.aggregate === 'kind' && kind !== 'interval') return undefined;
  const [leftPlan, rightPlan] = await Promise.all([readPlan(clickhouse, left), readPlan(clickhouse, right)]);
  const sides = [
    { filter: left, plan: leftPlan },
    { filter: right, plan: rightPlan },
  ] as const;
  const settings = planSettings([...leftPlan, ...rightPlan]);
  const [coverages, sums] = await Promise.all([
    clickhouse.select(selectPairCoverage(sides), settings),
    clickhouse.select(selectPairSums(sides, kind), settings),
  ]);
  const side = coverages.numbers('side');
  const { storedTotal: leftStored, ...leftCoverage } = readCoverage(
    coverages,
    left.profileTypeId,
    (row) => side[row] === 0,
  );
  const { storedTotal: rightStored, ...rightCoverage } = readCoverage(
    coverages,
    right.profileTypeId,
    (row) => side[row] === 1,
  );
  if (leftCoverage.kind !== kind || rightCoverage.kind !== kind) return undefined;
  const { lo, hi } = sums.uint64('stack');
  const ids = { stackIdLo: lo, stackIdHi: hi, isExact: true };
  const before = sums.roundedNumbers('left_sum');
  const after = sums.roundedNumbers('right_sum');
  const leftTotal = totalOf(before.values);
  const rightTotal = totalOf(after.values);
  const isExact = before.isExact && after.isExact && [leftTotal, rightTotal].every(Number.isSafeInteger);
  const isConsistent = isSameTotal(leftTotal, leftStored) && isSameTotal(rightTotal, rightStored);
  if (!isExact || !isConsistent) return undefined;
  return {
    left: { ...leftCoverage, ...ids, values: before.values, total: leftTotal },
    right: { ...rightCoverage, ...ids, values: after.values, total: rightTotal },
  };
}

/** What matches on both sides, per kind. */
export function selectPairCoverage(sides: readonly [RowSource, RowSource]): Sql {
  const params = new SqlParams();
  return params.sql(coverageText(bothSides(sides, COVERAGE_COLUMNS, params), ['side']));
}

/** The sums per stack of both sides; stacks that add up to 0 on both are left out. */
export function selectPairSums(sides: readonly [RowSource, RowSource], kind: Coverage['kind']): Sql {
  const params = new SqlParams();
  const conditions = [kindCondition(kind, params)];
  return params.sql(`SELECT stack, sumIf(value, side = 0) AS left_sum, sumIf(value, side = 1) AS right_sum
FROM (
  ${bothSides(sides, STACK_COLUMNS, params, conditions)}
) AS matching
ARRAY JOIN stacks AS stack, vals AS value
GROUP BY stack
HAVING left_sum != 0 OR right_sum != 0`);
}

/** The rows of both sides, with the number of the side. */
function bothSides(
  sides: readonly [RowSource, RowSource],
  { shared, raw, rolledUp }: RowColumns,
  params: SqlParams,
  conditions: readonly string[] = [],
): string {
  return sides
    .map(({ filter, plan }, side) => {
      const numbered = { shared: [`toUInt8(${side}) AS side`, ...shared], raw, rolledUp };
      return selectRows({ plan, filter }, numbered, params.scoped(`side${side}`), conditions);
    })
    .join('\n  UNION ALL\n  ');
}
