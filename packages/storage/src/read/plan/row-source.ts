import type { ClickHouseSettings } from '@clickhouse/client';
import type { SqlParams } from '../../sql.ts';
import { allOf } from '../../sql.ts';
import type { LevelPart, LevelPlan } from './row-plan.ts';
import { PROFILE_READ_SETTINGS, selectorConditions, type SeriesFilter } from '../profile-filter.ts';

/** Profiles one by one, or a row per series and UTC hour or day. */
export type Level = 'raw' | 'hour' | 'day';

const TABLES: Readonly<Record<Level, string>> = { raw: 'profiles', hour: 'profiles_1h', day: 'profiles_1d' };

/** Columns of a source: those that all levels have by name, and those that are named for each. */
export interface LevelColumns {
  readonly shared: readonly string[];
  readonly raw: readonly string[];
  readonly folded: readonly string[];
}

/** Number of profiles that a row stands for. */
export const PROFILE_COUNT: LevelColumns = {
  shared: [],
  raw: ['toUInt64(1) AS row_profiles'],
  folded: ['toUInt64(profiles) AS row_profiles'],
};

/**
 * Selects of the rows of a plan, joined by UNION ALL, to be put in brackets. Rows carry every profile that matches
 * exactly once. `extra` conditions are those of the reader, on columns that all levels have.
 */
export function levelSource(
  plan: LevelPlan,
  filter: SeriesFilter,
  columns: LevelColumns,
  params: SqlParams,
  extra: readonly string[] = [],
): string {
  const selector = selectorConditions(filter, params);
  return plan
    .map((part, i) => {
      const own = part.level === 'raw' ? columns.raw : columns.folded;
      const conditions = [...selector, ...partConditions(part, params.scoped(`part${i}`)), ...extra];
      return `SELECT ${[...columns.shared, ...own].join(', ')}
  FROM ${TABLES[part.level]} FINAL
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
export function levelSettings(plan: LevelPlan): ClickHouseSettings {
  if (plan.every(({ hasMoved }) => hasMoved !== true)) return PROFILE_READ_SETTINGS;
  return { ...PROFILE_READ_SETTINGS, do_not_merge_across_partitions_select_final: 0 };
}

function partConditions({ level, intervals, services }: LevelPart, params: SqlParams): string[] {
  const time = (name: string, ms: number): string => {
    const param = params.bind(name, 'Int64', ms);
    return level === 'raw'
      ? `fromUnixTimestamp64Milli(${param}, 'UTC')`
      : `toDateTime(intDiv(${param}, 1000), 'UTC')`;
  };
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
