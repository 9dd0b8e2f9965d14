import { DomainError, type ProfileKind } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { commonestKind, expectedKind, KIND_CODES } from '../kinds.ts';
import type { NativeAnswer } from '../native/decode.ts';
import { allOf, type Sql, SqlParams } from '../sql.ts';
import { PROFILE_READ_SETTINGS, profileConditions, type ProfileFilter } from './profile-filter.ts';

export interface MergeOptions {
  /** `kind`: intervals are summed, levels averaged per series and then summed. `sum`: everything is summed. */
  readonly aggregate: 'kind' | 'sum';
}

/** All matching profiles as one: a value per distinct stack, in no particular order. */
export interface MergedStacks {
  /** What the values are; guessed from the type where nothing matched. */
  readonly kind: ProfileKind;
  readonly stackIdLo: Uint32Array;
  readonly stackIdHi: Uint32Array;
  readonly values: Float64Array;
  /** False where a sum went beyond 2^53 - 1 and was rounded to the nearest Float64. */
  readonly isExact: boolean;
  /** Profiles that were merged. */
  readonly profiles: number;
  /** Profiles left out because most profiles of this type have another kind. */
  readonly otherKindProfiles: number;
  /** Distinct series among the merged profiles. */
  readonly series: number;
  /** Summed durations of interval profiles; 0 where unknown, and for levels. */
  readonly instanceSeconds: number;
  /** Sum of `values`. */
  readonly total: number;
}

interface Scope {
  readonly kind: ProfileKind;
  readonly profiles: number;
  readonly otherKindProfiles: number;
  readonly series: number;
  readonly instanceSeconds: number;
}

/**
 * Merges all profiles that match. Throws `value_too_large` when the sum leaves 64 bits.
 */
export async function mergeStacks(
  clickhouse: ClickHouse,
  filter: ProfileFilter,
  options: MergeOptions,
): Promise<MergedStacks> {
  const scope = readScope(
    await clickhouse.select(selectMergeScope(filter), PROFILE_READ_SETTINGS),
    filter.profileTypeId,
  );
  if (scope.profiles === 0) return { ...scope, ...NO_STACKS };
  const isAveraged = options.aggregate === 'kind' && scope.kind !== 'interval';
  const statement = isAveraged
    ? selectStackSumsByCount(filter, scope.kind)
    : selectStackSums(filter, scope.kind);
  const answer = await clickhouse.select(statement, PROFILE_READ_SETTINGS);
  const merged = isAveraged ? averages(answer) : sums(answer);
  return { ...scope, ...merged, total: merged.values.reduce((total, value) => total + value, 0) };
}

/** What matches, per kind. */
export function selectMergeScope(filter: ProfileFilter): Sql {
  const params = new SqlParams();
  const text = `SELECT kind, toUInt32(count()) AS profiles, toUInt32(uniqExact(fp)) AS series,
  toFloat64(sum(duration_ms)) AS duration_sum, sum(toFloat64(total)) AS magnitude
FROM profiles FINAL
WHERE ${allOf(profileConditions(filter, params))}
GROUP BY kind`;
  return { text, params: params.values };
}

/** The sum per stack. */
export function selectStackSums(filter: ProfileFilter, kind: ProfileKind): Sql {
  const params = new SqlParams();
  const text = `SELECT stack, sum(value) AS stack_sum
FROM profiles FINAL
ARRAY JOIN stacks AS stack, vals AS value
WHERE ${allOf(kindConditions(filter, kind, params))}
GROUP BY stack`;
  return { text, params: params.values };
}

/**
 * The sum per stack and number of profiles of the series, ordered by stack. Dividing each sum by that number gives
 * the sum of the averages per series, without a division per sample and exact up to the division.
 */
export function selectStackSumsByCount(filter: ProfileFilter, kind: ProfileKind): Sql {
  const params = new SqlParams();
  const conditions = allOf(kindConditions(filter, kind, params));
  const text = `SELECT series_profiles, stack, sum(value) AS stack_sum
FROM (SELECT fp, stacks, vals FROM profiles FINAL WHERE ${conditions}) AS matching
INNER JOIN (
  SELECT fp, toUInt32(count()) AS series_profiles FROM profiles FINAL WHERE ${conditions} GROUP BY fp
) AS counted USING (fp)
ARRAY JOIN stacks AS stack, vals AS value
GROUP BY series_profiles, stack
ORDER BY stack, series_profiles`;
  return { text, params: params.values };
}

function kindConditions(filter: ProfileFilter, kind: ProfileKind, params: SqlParams): string[] {
  return [...profileConditions(filter, params), `kind = ${params.bind('kind', 'String', kind)}`];
}

const NO_STACKS = {
  stackIdLo: new Uint32Array(0),
  stackIdHi: new Uint32Array(0),
  values: new Float64Array(0),
  isExact: true,
  total: 0,
};

function readScope(answer: NativeAnswer, profileTypeId: string): Scope {
  const codes = answer.numbers('kind');
  const profiles = answer.numbers('profiles');
  const kind = commonestKind(codes, profiles) ?? expectedKind(profileTypeId);
  const row = codes.indexOf(KIND_CODES[kind]);
  if (Math.abs(answer.numbers('magnitude')[row] ?? 0) > 2 ** 63 - 1024) {
    throw new DomainError('too_large', 'value_too_large', 'The total of these profiles exceeds 64 bits.', {
      hint: 'Ask for a shorter range or narrow the selector.',
    });
  }
  const merged = profiles[row] ?? 0;
  return {
    kind,
    profiles: merged,
    otherKindProfiles: profiles.reduce((all, count) => all + count, 0) - merged,
    series: answer.numbers('series')[row] ?? 0,
    instanceSeconds: kind === 'interval' ? (answer.numbers('duration_sum')[row] ?? 0) / 1000 : 0,
  };
}

type StackValues = Pick<MergedStacks, 'stackIdLo' | 'stackIdHi' | 'values' | 'isExact'>;

function sums(answer: NativeAnswer): StackValues {
  const { lo, hi } = answer.uint64('stack');
  const { values, isExact } = answer.roundedNumbers('stack_sum');
  return { stackIdLo: lo, stackIdHi: hi, values, isExact };
}

/** Adds up the quotients of neighbouring rows of one stack. */
function averages(answer: NativeAnswer): StackValues {
  const { lo, hi } = answer.uint64('stack');
  const { values: stackSums, isExact } = answer.roundedNumbers('stack_sum');
  const counts = answer.numbers('series_profiles');
  const stackIdLo = new Uint32Array(lo.length);
  const stackIdHi = new Uint32Array(lo.length);
  const values = new Float64Array(lo.length);
  let stacks = 0;
  for (let i = 0; i < lo.length; i++) {
    if (i === 0 || lo[i] !== lo[i - 1] || hi[i] !== hi[i - 1]) {
      stackIdLo[stacks] = lo[i] ?? 0;
      stackIdHi[stacks] = hi[i] ?? 0;
      stacks++;
    }
    values[stacks - 1] = (values[stacks - 1] ?? 0) + (stackSums[i] ?? 0) / (counts[i] ?? 1);
  }
  return {
    stackIdLo: stackIdLo.subarray(0, stacks),
    stackIdHi: stackIdHi.subarray(0, stacks),
    values: values.subarray(0, stacks),
    isExact,
  };
}
