import { DomainError, type ProfileKind } from '@everflame/profile';
import type { ClickHouse } from '../../client.ts';
import { commonestKind, expectedKind, KIND_CODES } from '../../kinds.ts';
import type { NativeAnswer } from '../../native/decode.ts';
import { type Sql, SqlParams } from '../../sql.ts';
import type { RowPlan } from '../plan/row-plan.ts';
import { type RowColumns, planSettings, selectRows, PROFILE_COUNT } from '../plan/row-source.ts';
import { isNarrow, mergeFew } from './merge-few.ts';
import {
  type Coverage,
  isSameTotal,
  MAX_ATTEMPTS,
  type MergedStacks,
  type MergeOptions,
  totalOf,
} from './merged-stacks.ts';
import type { ProfileFilter } from '../profile-filter.ts';
import { readPlan } from '../plan/read-plan.ts';

/**
 * Merges all profiles that match. Values and coverage come from two statements; where profiles arrive in between, both are
 * read again, so that the answer is of one moment. Throws `value_too_large` when the sum leaves 64 bits.
 */
export async function mergeStacks(
  clickhouse: ClickHouse,
  filter: ProfileFilter,
  options: MergeOptions,
): Promise<MergedStacks> {
  const few = isNarrow(filter) ? await mergeFew(clickhouse, filter, options.aggregate) : undefined;
  if (few !== undefined) return few;
  const plan = await readPlan(clickhouse, filter);
  const read = { clickhouse, filter, plan, aggregate: options.aggregate };
  for (let attempt = 1; ; attempt++) {
    const { merged, isConsistent } = await mergeOnce(read);
    if (isConsistent || attempt === MAX_ATTEMPTS) return merged;
  }
}

async function mergeOnce(read: ValueRead): Promise<{ merged: MergedStacks; isConsistent: boolean }> {
  const { clickhouse, filter, plan } = read;
  // What the type says is nearly always what is stored, and spares waiting for the coverage.
  const expected = expectedKind(filter.profileTypeId);
  const [answer, early] = await Promise.all([
    clickhouse.select(selectCoverage(filter, plan), planSettings(plan)),
    readValues(read, expected),
  ]);
  const { storedTotal, ...coverage } = readCoverage(answer, filter.profileTypeId);
  if (coverage.profiles === 0)
    return { merged: { ...coverage, ...NO_STACKS }, isConsistent: early.sum === 0 };
  const { sum, ...values } = coverage.kind === expected ? early : await readValues(read, coverage.kind);
  const total = totalOf(values.values);
  const merged = { ...coverage, ...values, ...exactness(values, total), total };
  return { merged, isConsistent: isSameTotal(sum, storedTotal) };
}

interface ValueRead extends MergeOptions {
  readonly clickhouse: ClickHouse;
  readonly filter: ProfileFilter;
  readonly plan: RowPlan;
}

/** Values per stack, and their sum before any were averaged. */
async function readValues(
  read: ValueRead,
  kind: ProfileKind,
): Promise<StackValues & { readonly sum: number }> {
  const { clickhouse, filter, plan } = read;
  const settings = planSettings(plan);
  if (read.aggregate === 'kind' && kind !== 'interval') {
    const answer = await clickhouse.select(selectStackSumsByCount(filter, kind, plan), settings);
    return { ...averages(answer), sum: totalOf(answer.roundedNumbers('stack_sum').values) };
  }
  const found = sums(await clickhouse.select(selectStackSums(filter, kind, plan), settings));
  if (found.isExact) return { ...found, sum: totalOf(found.values) };
  const exact = exactSums(await clickhouse.select(selectExactStackSums(filter, kind, plan), settings));
  return { ...exact, sum: totalOf(exact.values) };
}

/** What matches, per kind. */
export function selectCoverage(filter: ProfileFilter, plan: RowPlan): Sql {
  const params = new SqlParams();
  return params.sql(coverageText(selectRows({ plan, filter }, COVERAGE_COLUMNS, params), []));
}

/** What the coverage of profiles is read from. */
export const COVERAGE_COLUMNS: RowColumns = {
  shared: ['kind', 'fp', 'duration_ms', 'total'],
  raw: PROFILE_COUNT.raw,
  rolledUp: PROFILE_COUNT.rolledUp,
};

/** Text of a statement with what `readCoverage` reads, for each kind and value of the further columns. */
export function coverageText(source: string, further: readonly string[]): string {
  const keys = [...further, 'kind'].join(', ');
  return `SELECT ${keys}, toFloat64(sum(row_profiles)) AS profiles, toUInt32(uniqExact(fp)) AS series,
  toFloat64(sum(duration_ms)) AS duration_sum, toFloat64(sum(toInt128(total))) AS stored_total
FROM (
  ${source}
) AS matching
GROUP BY ${keys}`;
}

/** The sum per stack; stacks that add up to 0 are left out, as rollups do. */
export function selectStackSums(filter: ProfileFilter, kind: ProfileKind, plan: RowPlan): Sql {
  return stackSums(filter, kind, plan, 'sum(value)');
}

/** As `selectStackSums`, with the 64 bits of each sum as an unsigned number. */
function selectExactStackSums(filter: ProfileFilter, kind: ProfileKind, plan: RowPlan): Sql {
  return stackSums(filter, kind, plan, 'reinterpretAsUInt64(sum(value))');
}

function stackSums(filter: ProfileFilter, kind: ProfileKind, plan: RowPlan, sum: string): Sql {
  const params = new SqlParams();
  return params.sql(`SELECT stack, ${sum} AS stack_sum
FROM (
  ${selectRows({ plan, filter }, STACK_COLUMNS, params, [kindCondition(kind, params)])}
) AS matching
ARRAY JOIN stacks AS stack, vals AS value
GROUP BY stack
HAVING stack_sum != 0`);
}

/**
 * The sum per stack and number of profiles of the series, ordered by stack. Dividing each sum by that number gives
 * the sum of the averages per series, without a division per sample and exact up to the division.
 */
export function selectStackSumsByCount(filter: ProfileFilter, kind: ProfileKind, plan: RowPlan): Sql {
  const params = new SqlParams();
  const condition = [kindCondition(kind, params)];
  const withSeries = { ...STACK_COLUMNS, shared: ['fp', ...STACK_COLUMNS.shared] };
  return params.sql(`SELECT series_profiles, stack, sum(value) AS stack_sum
FROM (
  ${selectRows({ plan, filter }, withSeries, params, condition)}
) AS matching
INNER JOIN (
  SELECT fp, toUInt32(sum(row_profiles)) AS series_profiles
  FROM (
  ${selectRows({ plan, filter }, { ...PROFILE_COUNT, shared: ['fp'] }, params, condition)}
  ) AS counting
  GROUP BY fp
) AS counted USING (fp)
ARRAY JOIN stacks AS stack, vals AS value
GROUP BY series_profiles, stack
HAVING stack_sum != 0
ORDER BY stack, series_profiles`);
}

/** What sums per stack are made of. */
export const STACK_COLUMNS: RowColumns = { shared: ['stacks', 'vals'], raw: [], rolledUp: [] };

export function kindCondition(kind: ProfileKind, params: SqlParams): string {
  return `kind = ${params.bind('kind', 'String', kind)}`;
}

const NO_STACKS = {
  stackIdLo: new Uint32Array(0),
  stackIdHi: new Uint32Array(0),
  values: new Float64Array(0),
  isExact: true,
  total: 0,
};

/** The commonest kind among rows of `selectCoverage`: those for which `isMeant` holds. Throws `value_too_large`. */
export function readCoverage(
  answer: NativeAnswer,
  profileTypeId: string,
  isMeant: (row: number) => boolean = () => true,
): Coverage & { readonly storedTotal: number } {
  const codes = answer.numbers('kind');
  const profiles = answer.numbers('profiles').map((count, row) => (isMeant(row) ? count : 0));
  const all = profiles.reduce((sum, count) => sum + count, 0);
  const kind = (all > 0 ? commonestKind(codes, profiles) : undefined) ?? expectedKind(profileTypeId);
  const row = codes.findIndex((code, at) => code === KIND_CODES[kind] && isMeant(at));
  const storedTotal = answer.numbers('stored_total')[row] ?? 0;
  if (Math.abs(storedTotal) > 2 ** 63 - 1024) {
    throw new DomainError('too_large', 'value_too_large', 'The total of these profiles exceeds 64 bits.', {
      hint: 'Ask for a shorter range or narrow the selector.',
    });
  }
  const merged = profiles[row] ?? 0;
  return {
    kind,
    profiles: merged,
    otherKindProfiles: all - merged,
    series: answer.numbers('series')[row] ?? 0,
    instanceSeconds: kind === 'interval' ? (answer.numbers('duration_sum')[row] ?? 0) / 1000 : 0,
    storedTotal,
  };
}

type StackValues = Pick<MergedStacks, 'stackIdLo' | 'stackIdHi' | 'values' | 'isExact' | 'exactValues'>;

/** Sums beyond 2^53 - 1 also come as they are, and so do all of them where only the total goes beyond. */
function exactness(found: StackValues, total: number): Partial<MergedStacks> {
  const isWhole = found.isExact && Number.isInteger(total) && !Number.isSafeInteger(total);
  if (!isWhole || !found.values.every((value) => Number.isInteger(value))) return {};
  return { isExact: false, exactValues: BigInt64Array.from(found.values, BigInt) };
}

function sums(answer: NativeAnswer): StackValues {
  const { lo, hi } = answer.uint64('stack');
  const { values, isExact } = answer.roundedNumbers('stack_sum');
  return { stackIdLo: lo, stackIdHi: hi, values, isExact };
}

function exactSums(answer: NativeAnswer): StackValues {
  const { lo, hi } = answer.uint64('stack');
  const found = answer.uint64('stack_sum');
  const exactValues = BigInt64Array.from(found.lo, (low, i) =>
    BigInt.asIntN(64, (BigInt(found.hi[i] ?? 0) << 32n) | BigInt(low)),
  );
  return {
    stackIdLo: lo,
    stackIdHi: hi,
    values: Float64Array.from(exactValues, Number),
    isExact: false,
    exactValues,
  };
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
