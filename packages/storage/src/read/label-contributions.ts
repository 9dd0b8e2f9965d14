import { LABEL_SERVICE_NAME, type ProfileKind } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { commonestKind, expectedKind } from '../kinds.ts';
import { type NativeAnswer, rowsBy } from '../native/decode.ts';
import { type Sql, SqlParams } from '../sql.ts';
import type { RowPlan } from './plan/row-plan.ts';
import { planSettings, selectRows, PROFILE_COUNT } from './plan/row-source.ts';
import { type ProfileFilter, seriesConditions } from './profile-filter.ts';
import { isSameTotal, MAX_ATTEMPTS } from './merge/merged-stacks.ts';
import { readPlan } from './plan/read-plan.ts';

/** What some series add up to on both sides of a comparison, with the columns it is read from. */
const TOTAL_COLUMNS = {
  /** Interval: sum. Others: mean per series, summed over series. Rounded to the nearest Float64 beyond 2^53 - 1. */
  left: 'left_total',
  right: 'right_total',
  /** Summed durations of the profiles; 0 where unknown. */
  leftSeconds: 'left_seconds',
  rightSeconds: 'right_seconds',
  leftSeries: 'left_series',
  rightSeries: 'right_series',
} as const;
const SIDE_COLUMNS = Object.values(TOTAL_COLUMNS);
export type SideTotals = Readonly<Record<keyof typeof TOTAL_COLUMNS, number>>;

function totalsOf(valueOf: (key: keyof SideTotals) => number): SideTotals {
  const keys = Object.keys(TOTAL_COLUMNS) as (keyof SideTotals)[];
  return Object.fromEntries(keys.map((key) => [key, valueOf(key)])) as unknown as SideTotals;
}

export interface LabelValueContribution extends SideTotals {
  /** `''` for series without the label. */
  readonly value: string;
}

export interface LabelContribution {
  readonly name: string;
  /** Largest change first; of those without the label only where there are any. */
  readonly values: readonly LabelValueContribution[];
  /** All values that are not listed, together. */
  readonly rest: SideTotals;
  /** Values that are not listed. */
  readonly restValues: number;
}

export interface LabelContributions {
  readonly kind: ProfileKind;
  readonly all: SideTotals;
  /** By the largest change of one value. */
  readonly labels: readonly LabelContribution[];
  /** True where there are more labels than were asked for. */
  readonly truncated: boolean;
}

export interface ContributionLimits {
  readonly names: number;
  readonly values: number;
}

const DEFAULT_LIMITS: ContributionLimits = { names: 64, values: 50 };

/**
 * Which labels carry the difference between two selections of one type. Every series counts once per label, so that
 * the values of a label, the rest and the series without it add up to `all`.
 */
export async function labelContributions(
  clickhouse: ClickHouse,
  left: ProfileFilter,
  right: ProfileFilter,
  limits: ContributionLimits = DEFAULT_LIMITS,
): Promise<LabelContributions> {
  const [leftPlan, rightPlan] = await Promise.all([readPlan(clickhouse, left), readPlan(clickhouse, right)]);
  const sides = { left: { filter: left, plan: leftPlan }, right: { filter: right, plan: rightPlan } };
  for (let attempt = 1; ; attempt++) {
    const { found, isConsistent } = await readContributions(clickhouse, sides, limits);
    if (isConsistent || attempt === MAX_ATTEMPTS) return found;
  }
}

async function readContributions(
  clickhouse: ClickHouse,
  sides: ComparedSides,
  limits: ContributionLimits,
): Promise<{ found: LabelContributions; isConsistent: boolean }> {
  const settings = planSettings([...sides.left.plan, ...sides.right.plan]);
  const totals = await clickhouse.select(selectSideTotals(sides), settings);
  const kind =
    commonestKind(totals.numbers('kind'), totals.numbers('profiles')) ??
    expectedKind(sides.left.filter.profileTypeId);
  const row = totals.strings('kind_name').indexOf(kind);
  if (row < 0) return { found: { kind, all: NOTHING, labels: [], truncated: false }, isConsistent: true };
  const all = readTotals(totals, row);
  const answer = await clickhouse.select(selectLabelContributions(sides, kind, limits), settings);
  const labels = readLabels(answer, all, limits.values);
  const truncated = labels.length > limits.names;
  return {
    found: { kind, all, labels: labels.slice(0, limits.names), truncated },
    isConsistent: isAllOf(answer, all),
  };
}

/** Whether the values of the label that every series has add up to `all`: profiles may arrive between two statements. */
function isAllOf(answer: NativeAnswer, all: SideTotals): boolean {
  const row = answer.strings('name').indexOf(LABEL_SERVICE_NAME);
  if (row < 0) return true;
  const labelled = readTotals(answer, row, 'all_');
  return (
    isSameTotal(labelled.left, all.left) &&
    isSameTotal(labelled.right, all.right) &&
    labelled.leftSeries === all.leftSeries &&
    labelled.rightSeries === all.rightSeries
  );
}

/** What is compared, and how it is read. */
export type ComparedSides = Readonly<
  Record<'left' | 'right', { readonly filter: ProfileFilter; readonly plan: RowPlan }>
>;

const NOTHING = totalsOf(() => 0);

/** SideTotals of all series, per kind. */
export function selectSideTotals(sides: ComparedSides): Sql {
  const params = new SqlParams();
  return params.sql(`SELECT kind, toString(kind) AS kind_name, toFloat64(sum(series_profiles)) AS profiles,
  ${SIDE_SUMS}
FROM (
  ${bothSides(sides, params)}
) AS per_series
GROUP BY kind`);
}

/** The values that change most, of every label; with them what all values of the label add up to. */
export function selectLabelContributions(
  sides: ComparedSides,
  kind: ProfileKind,
  limits: ContributionLimits,
): Sql {
  const params = new SqlParams();
  const kindCondition = `kind = ${params.bind('kind', 'String', kind)}`;
  const service = params.bind('service_label', 'String', LABEL_SERVICE_NAME);
  return params.sql(`SELECT name, label_value, name_values, biggest,
  ${SIDE_COLUMNS.join(', ')}, ${SIDE_COLUMNS.map((column) => `all_${column}`).join(', ')}
FROM (
  SELECT name, label_value, ${SIDE_COLUMNS.join(', ')},
    ${SIDE_COLUMNS.map((column) => `arraySum(arraySort(groupArray(${column}) OVER (PARTITION BY name))) AS all_${column}`).join(',\n    ')},
    toUInt32(count() OVER (PARTITION BY name)) AS name_values,
    max(abs(right_total - left_total)) OVER (PARTITION BY name) AS biggest,
    row_number() OVER (PARTITION BY name ORDER BY abs(right_total - left_total) DESC, label_value) AS place
  FROM (
    SELECT name, label_value, ${SIDE_SUMS}
    FROM (
      ${bothSides(sides, params)}
    ) AS per_series
    INNER JOIN (
      SELECT fp, any(mapApply((k, v) -> (CAST(k AS String), CAST(v AS String)), labels)) AS label_map
      FROM series
      WHERE (${seriesConditions(sides.left.filter, params.scoped('left')).join(' AND ')})
        OR (${seriesConditions(sides.right.filter, params.scoped('right')).join(' AND ')})
      GROUP BY fp
    ) AS labelled USING (fp)
    ARRAY JOIN mapKeys(mapUpdate(label_map, map(${service}, CAST(service AS String)))) AS name,
      mapValues(mapUpdate(label_map, map(${service}, CAST(service AS String)))) AS label_value
    WHERE ${kindCondition}
    GROUP BY name, label_value
  ) AS per_value
) AS placed
WHERE place <= ${params.bind('values', 'UInt32', limits.values)}
ORDER BY biggest DESC, name, place
LIMIT ${params.bind('limit', 'UInt32', limits.values * (limits.names + 1))}`);
}

const SIDE_SUMS = `arraySum(arraySort(groupArrayIf(series_value, side = 'left'))) AS left_total,
  arraySum(arraySort(groupArrayIf(series_value, side = 'right'))) AS right_total,
  toFloat64(sumIf(series_ms, side = 'left')) / 1000 AS left_seconds,
  toFloat64(sumIf(series_ms, side = 'right')) / 1000 AS right_seconds,
  toFloat64(countIf(side = 'left')) AS left_series, toFloat64(countIf(side = 'right')) AS right_series`;

function bothSides(sides: ComparedSides, params: SqlParams): string {
  return `${seriesTotals('left', sides, params)}
  UNION ALL
  ${seriesTotals('right', sides, params)}`;
}

/** A row per series. */
function seriesTotals(side: 'left' | 'right', sides: ComparedSides, params: SqlParams): string {
  const { filter, plan } = sides[side];
  const columns = { ...PROFILE_COUNT, shared: ['service', 'kind', 'fp', 'total', 'duration_ms'] };
  return `SELECT '${side}' AS side, service, kind, fp,
    toFloat64(sum(toInt128(total))) / if(kind = 'interval', 1, sum(row_profiles)) AS series_value,
    sum(duration_ms) AS series_ms, sum(row_profiles) AS series_profiles
  FROM (
  ${selectRows({ plan, filter }, columns, params.scoped(side))}
  ) AS matching
  GROUP BY service, kind, fp`;
}

function readLabels(answer: NativeAnswer, all: SideTotals, maxValues: number): LabelContribution[] {
  const values = answer.strings('label_value');
  const nameValues = answer.numbers('name_values');
  return [...rowsBy(answer.strings('name'))].map(([name, rows]) => {
    const listed = rows.map((row) => ({ value: values[row] ?? '', ...readTotals(answer, row) }));
    const [first = 0] = rows;
    const labelled = readTotals(answer, first, 'all_');
    const without = minus(all, [labelled]);
    const rest = minus(labelled, listed);
    const hasRest = without.leftSeries + without.rightSeries > 0;
    const withMissing = (hasRest ? [...listed, { value: '', ...without }] : listed).toSorted(
      (a, b) => Math.abs(b.right - b.left) - Math.abs(a.right - a.left),
    );
    return {
      name,
      values: withMissing.slice(0, maxValues + 1),
      rest,
      restValues: (nameValues[first] ?? 0) - listed.length,
    };
  });
}

function readTotals(answer: NativeAnswer, row: number, prefix = ''): SideTotals {
  return totalsOf((key) => answer.numbers(`${prefix}${TOTAL_COLUMNS[key]}`)[row] ?? 0);
}

function minus(from: SideTotals, parts: readonly SideTotals[]): SideTotals {
  return totalsOf((key) => parts.reduce((left, part) => left - part[key], from[key]));
}
