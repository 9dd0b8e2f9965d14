import { PairTable } from '@everflame/bytes';
import { DomainError } from '@everflame/profile';
import type { ClickHouse } from '../../client.ts';
import { commonestKind, expectedKind, KIND_CODES } from '../../kinds.ts';
import type { NativeAnswer } from '../../native/decode.ts';
import { type Sql, SqlParams } from '../../sql.ts';
import { rawPlan } from '../plan/row-plan.ts';
import { selectRows } from '../plan/row-source.ts';
import type { MergedStacks } from './merged-stacks.ts';
import { isServiceMatcher, PROFILE_READ_SETTINGS, type ProfileFilter } from '../profile-filter.ts';

/** More profiles than these are added up by ClickHouse. */
const FEW_PROFILES = 64;
const FEW_BYTES = 4 * 1024 * 1024;
/** Longer ranges have too many profiles for it to be worth a try. */
const SHORT_MS = 15 * 60_000;

/** Whether a filter asks for a part of a service in a short range, which is a few profiles as a rule. */
export function isNarrow(filter: ProfileFilter): boolean {
  const { matchers, tags = [], fromMs, toMs } = filter;
  return toMs - fromMs <= SHORT_MS && (tags.length > 0 || !matchers.every(isServiceMatcher));
}

/**
 * What `mergeStacks` answers for a few profiles whose values are summed. They are read as they are and added up here:
 * one plain statement instead of two that group. Undefined where they are too many or too large, are averaged, or add
 * up to more than 2^53 - 1.
 */
export async function mergeFew(
  clickhouse: ClickHouse,
  filter: ProfileFilter,
  aggregate: 'kind' | 'sum',
): Promise<MergedStacks | undefined> {
  const expected = expectedKind(filter.profileTypeId);
  if (aggregate === 'kind' && expected !== 'interval') return undefined;
  const answer = await readFew(clickhouse, filter);
  if (answer === undefined) return undefined;
  const codes = answer.numbers('kind');
  const kind = commonestKind(codes, new Float64Array(codes.length).fill(1)) ?? expected;
  if (aggregate === 'kind' && kind !== 'interval') return undefined;
  const rows = Array.from(codes.keys()).filter((row) => codes[row] === KIND_CODES[kind]);
  const sums = sumsOf(answer, rows);
  if (sums === undefined) return undefined;
  const durations = answer.numbers('duration_ms');
  const { lo, hi } = answer.uint64('fp');
  return {
    kind,
    ...sums,
    isExact: true,
    profiles: rows.length,
    otherKindProfiles: answer.rows - rows.length,
    series: new Set(rows.map((row) => `${lo[row]} ${hi[row]}`)).size,
    instanceSeconds:
      kind === 'interval' ? rows.reduce((sum, row) => sum + (durations[row] ?? 0), 0) / 1000 : 0,
  };
}

/** Undefined where there are none, or not few. */
async function readFew(clickhouse: ClickHouse, filter: ProfileFilter): Promise<NativeAnswer | undefined> {
  try {
    const settings = { ...PROFILE_READ_SETTINGS, max_result_bytes: String(FEW_BYTES) };
    const answer = await clickhouse.select(selectFewProfiles(filter), settings);
    return answer.rows === 0 || answer.rows > FEW_PROFILES ? undefined : answer;
  } catch (error) {
    if (error instanceof DomainError && error.code === 'query_too_expensive') return undefined;
    throw error;
  }
}

/** One profile more than few, where there are as many. */
export function selectFewProfiles(filter: ProfileFilter): Sql {
  const params = new SqlParams();
  const columns = { shared: ['kind', 'fp', 'duration_ms', 'stacks', 'vals'], raw: [], rolledUp: [] };
  return params.sql(`${selectRows({ plan: rawPlan(filter), filter }, columns, params)}
LIMIT ${params.bind('limit', 'UInt32', FEW_PROFILES + 1)}`);
}

/** The sums per stack over some rows, without those that are 0; undefined beyond 2^53 - 1. */
function sumsOf(
  answer: NativeAnswer,
  rows: readonly number[],
): Pick<MergedStacks, 'stackIdLo' | 'stackIdHi' | 'values' | 'total'> | undefined {
  const stacks = answer.uint64Arrays('stacks');
  const { values } = answer.numberArrays('vals');
  const ids = new PairTable();
  const sums = new Float64Array(values.length);
  let magnitude = 0;
  for (const row of rows) {
    const end = stacks.offsets[row + 1] ?? 0;
    for (let at = stacks.offsets[row] ?? 0; at < end; at++) {
      const value = values[at] ?? 0;
      const stack = ids.add(stacks.lo[at] ?? 0, stacks.hi[at] ?? 0);
      sums[stack] = (sums[stack] ?? 0) + value;
      magnitude += Math.abs(value);
    }
  }
  if (!(magnitude <= Number.MAX_SAFE_INTEGER)) return undefined;
  const used = Uint32Array.from({ length: ids.count }, (_, stack) => stack).filter(
    (stack) => sums[stack] !== 0,
  );
  return {
    stackIdLo: used.map((stack) => ids.lo[stack] as number),
    stackIdHi: used.map((stack) => ids.hi[stack] as number),
    values: Float64Array.from(used, (stack) => sums[stack] ?? 0),
    total: sums.reduce((sum, value) => sum + value, 0),
  };
}
