import type { ClickHouseSettings } from '@clickhouse/client';
import { timeText } from '../../rollup/resolutions.ts';
import type { SqlParams } from '../../sql.ts';
import { allOf } from '../../sql.ts';
import { PROFILE_READ_SETTINGS, selectorConditions, type SeriesFilter } from '../profile-filter.ts';
import type { PlanPart, RowPlan } from './row-plan.ts';

/** Columns of a source: those that profiles and rollups have by the same name, and those that are named for each. */
export interface RowColumns {
  readonly shared: readonly string[];
  readonly raw: readonly string[];
  readonly rolledUp: readonly string[];
}

/** Number of profiles that a row stands for. */
export const PROFILE_COUNT: RowColumns = {
  shared: [],
  raw: ['toUInt64(1) AS row_profiles'],
  rolledUp: ['toUInt64(profiles) AS row_profiles'],
};

export interface RowSource {
  readonly plan: RowPlan;
  readonly filter: SeriesFilter;
}

/**
 * Selects of the rows of a plan, joined by UNION ALL, to be put in brackets. Rows carry every profile that matches
 * exactly once. `extra` conditions are those of the reader, on columns that all rows have.
 */
export function selectRows(
  { plan, filter }: RowSource,
  columns: RowColumns,
  params: SqlParams,
  extra: readonly string[] = [],
): string {
  const selector = selectorConditions(filter, params);
  return plan
    .map((part, i) => {
      const own = part.resolution === undefined ? columns.raw : columns.rolledUp;
      const conditions = [...selector, ...partConditions(part, params.scoped(`part${i}`)), ...extra];
      return `SELECT ${[...columns.shared, ...own].join(', ')}
  FROM ${part.resolution?.table ?? 'profiles'} FINAL
  WHERE ${allOf(conditions)}`;
    })
    .join('\n  UNION ALL\n  ');
}

/**
 * Adds up numbers that may be fractions, in the order of their size: so the sum does not depend on the order in which
 * threads and parts bring the rows.
 */
export function orderedSum(expression: string): string {
  return `arraySum(arraySort(groupArray(${expression})))`;
}

/** Settings of a read over a plan. */
export function planSettings(plan: RowPlan): ClickHouseSettings {
  if (plan.every(({ hasMoved }) => hasMoved !== true)) return PROFILE_READ_SETTINGS;
  return { ...PROFILE_READ_SETTINGS, do_not_merge_across_partitions_select_final: 0 };
}

function partConditions({ resolution, intervals, services }: PlanPart, params: SqlParams): string[] {
  const time = (name: string, ms: number): string => timeText(resolution, params.bind(name, 'Int64', ms));
  const within = intervals.map(
    ([fromMs, toMs], i) => `ts >= ${time(`from${i}`, fromMs)} AND ts < ${time(`to${i}`, toMs)}`,
  );
  const conditions = [within.length === 1 ? within.join('') : `(${within.join(' OR ')})`];
  if (services !== undefined) {
    const names = params.bind('services', 'Array(String)', services.names);
    conditions.push(`service ${services.are === 'in' ? 'IN' : 'NOT IN'} ${names}`);
  }
  return conditions;
}
