import { DomainError, InvalidArgumentError, LABEL_SERVICE_NAME, type ProfileKind } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { commonestKind, expectedKind, KIND_CODES } from '../kinds.ts';
import type { NativeAnswer } from '../native/decode.ts';
import { allOf, type Sql, SqlParams } from '../sql.ts';
import type { RowPlan } from './plan/row-plan.ts';
import { type RowColumns, planSettings, selectRows, orderedSum, PROFILE_COUNT } from './plan/row-source.ts';
import { labelExpression, type ProfileFilter, seriesConditions } from './profile-filter.ts';
import { readPlan } from './plan/read-plan.ts';

export const MAX_TIMELINE_BUCKETS = 20_000;
/** Values of all groups together, with and without profiles. */
const MAX_TIMELINE_POINTS = 1_000_000;

export interface TimelineOptions {
  /** Width of a bucket; bucket i covers `[fromMs + i * stepMs, fromMs + (i + 1) * stepMs)`. */
  readonly stepMs: number;
  /** One group per value of this label; a series without it is in the group `''`. */
  readonly groupBy?: string | undefined;
}

/** One group; the arrays have an entry per bucket. A bucket with `profiles[i] === 0` has no value. */
export interface TimelineGroup {
  readonly value: string;
  /** Sum of the totals of the profiles. */
  readonly sums: Float64Array;
  /**
   * Sum over series of total per second of what the profiles of the series cover; where none states its duration, the
   * bucket counts. Gaps and short recordings do not change it (ADR 0003).
   */
  readonly rates: Float64Array;
  /** Mean total of each series within the bucket, summed over series: that of a gauge. */
  readonly averages: Float64Array;
  readonly profiles: Uint32Array;
  /** Distinct series. */
  readonly series: Uint32Array;
}

export interface Timeline {
  readonly kind: ProfileKind;
  readonly buckets: number;
  /** Sorted by value; empty where nothing matched. */
  readonly groups: readonly TimelineGroup[];
  /** Profiles left out because most profiles of this type have another kind. */
  readonly otherKindProfiles: number;
}

/** Totals over time, from the `total` of each profile alone. Throws `query_too_expensive` for too many groups. */
export async function timeline(
  clickhouse: ClickHouse,
  filter: ProfileFilter,
  options: TimelineOptions,
): Promise<Timeline> {
  const buckets = Math.ceil((filter.toMs - filter.fromMs) / options.stepMs);
  if (!Number.isInteger(options.stepMs) || options.stepMs < 1 || !(buckets <= MAX_TIMELINE_BUCKETS)) {
    throw new InvalidArgumentError(`A step of ${options.stepMs} ms cuts the range into ${buckets} buckets.`, {
      code: 'invalid_step',
      hint: `A timeline has at most ${MAX_TIMELINE_BUCKETS} buckets; choose a longer step.`,
    });
  }
  const plan = await readPlan(clickhouse, filter, {
    // No row may lie in two buckets.
    isFine: ({ widthMs }) => filter.fromMs % widthMs === 0 && options.stepMs % widthMs === 0,
  });
  const answer = await clickhouse.select(selectTimeline(filter, options, plan), {
    ...planSettings(plan),
    max_result_rows: String(MAX_TIMELINE_POINTS),
  });
  return { buckets, ...readGroups(answer, filter.profileTypeId, buckets) };
}

/** A row per kind, group and bucket. */
export function selectTimeline(filter: ProfileFilter, options: TimelineOptions, plan: RowPlan): Sql {
  const params = new SqlParams();
  const start = params.bind('start', 'Int64', filter.fromMs);
  const step = params.bind('step', 'Int64', options.stepMs);
  const bucket = (timeMs: string): string => `toUInt32(intDiv(${timeMs} - ${start}, ${step})) AS bucket`;
  const columns: RowColumns = {
    shared: ['fp', 'kind', 'service', 'duration_ms', 'total'],
    raw: [...PROFILE_COUNT.raw, bucket('toUnixTimestamp64Milli(ts)')],
    rolledUp: [...PROFILE_COUNT.rolledUp, bucket('toInt64(toUnixTimestamp(ts)) * 1000')],
  };
  // A fingerprint is of one service, which costs less to look at once than to compare with.
  const bucketed = `SELECT fp, kind, any(service) AS service, bucket, sum(toInt128(total)) AS series_sum,
    sum(duration_ms) AS series_ms, sum(row_profiles) AS series_profiles
  FROM (
  ${selectRows({ plan, filter }, columns, params)}
  ) AS matching
  GROUP BY fp, kind, bucket`;
  const { groupBy } = options;
  const group =
    groupBy === undefined ? "''" : groupBy === LABEL_SERVICE_NAME ? 'CAST(service AS String)' : 'label_value';
  const join = group === 'label_value' ? labelJoin(filter, groupBy ?? '', params) : '';
  return params.sql(`SELECT kind, ${group} AS group_value, bucket, toFloat64(sum(series_sum)) AS bucket_sum,
  ${orderedSum(`toFloat64(series_sum) / toFloat64(if(series_ms > 0, series_ms, toUInt64(${step})))`)} * 1000 AS bucket_rate,
  ${orderedSum('toFloat64(series_sum) / series_profiles')} AS bucket_average, toUInt32(sum(series_profiles)) AS bucket_profiles,
  toUInt32(count()) AS bucket_series
FROM (
  ${bucketed}
) AS bucketed${join}
GROUP BY kind, group_value, bucket`);
}

function labelJoin(filter: ProfileFilter, groupBy: string, params: SqlParams): string {
  const label = labelExpression(groupBy, 'group_by', params);
  return `
LEFT JOIN (
  SELECT fp, any(CAST(${label} AS String)) AS label_value
  FROM series
  WHERE ${allOf(seriesConditions(filter, params))}
  GROUP BY fp
) AS labelled USING (fp)`;
}

function readGroups(
  answer: NativeAnswer,
  profileTypeId: string,
  buckets: number,
): Pick<Timeline, 'kind' | 'groups' | 'otherKindProfiles'> {
  const kinds = answer.numbers('kind');
  const profiles = answer.numbers('bucket_profiles');
  const kind = commonestKind(kinds, profiles) ?? expectedKind(profileTypeId);
  const values = answer.strings('group_value');
  const bucket = answer.numbers('bucket');
  const sums = answer.numbers('bucket_sum');
  const rates = answer.numbers('bucket_rate');
  const averages = answer.numbers('bucket_average');
  const series = answer.numbers('bucket_series');
  if (new Set(values).size * buckets > MAX_TIMELINE_POINTS) throw tooManyPoints();
  const groups = new Map<string, TimelineGroup>();
  let otherKindProfiles = 0;
  for (let i = 0; i < answer.rows; i++) {
    if (kinds[i] !== KIND_CODES[kind]) {
      otherKindProfiles += profiles[i] as number;
      continue;
    }
    const value = values[i] as string;
    const group = groups.get(value) ?? emptyGroup(value, buckets);
    groups.set(value, group);
    const index = bucket[i] as number;
    group.sums[index] = sums[i] as number;
    group.rates[index] = rates[i] as number;
    group.averages[index] = averages[i] as number;
    group.profiles[index] = profiles[i] as number;
    group.series[index] = series[i] as number;
  }
  const sorted = [...groups.values()].toSorted((a, b) => (a.value < b.value ? -1 : 1));
  return { kind, groups: sorted, otherKindProfiles };
}

function tooManyPoints(): DomainError {
  return new DomainError('too_large', 'query_too_expensive', 'The timeline has too many groups.', {
    hint: 'Choose a longer step or narrow the selector.',
  });
}

/** A group without profiles. */
export function emptyGroup(value: string, buckets: number): TimelineGroup {
  return {
    value,
    sums: new Float64Array(buckets),
    rates: new Float64Array(buckets),
    averages: new Float64Array(buckets),
    profiles: new Uint32Array(buckets),
    series: new Uint32Array(buckets),
  };
}
