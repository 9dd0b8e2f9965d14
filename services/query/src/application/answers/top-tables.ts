import type { TopDiffQuery, TopQuery, TopResponse } from '@everflame/contract';
import { type StackSet, topFunctions, type TopFunctions } from '@everflame/flamegraph';
import type { QueryContext } from '../params/filters.ts';
import type { StackQueries, StacksAnswer } from '../stacks/stack-queries.ts';
import { csvLines, markdownLines, markdownText, type Table, unresolvedText } from './text-table.ts';

type Ranking = Pick<TopQuery, 'limit' | 'sort'>;
type Rows = Pick<TopResponse, 'functions' | 'functionCount'>;

/** Functions by cost; with two sides by how much their cost changed, largest first. */
export async function answerTop(
  queries: StackQueries,
  context: QueryContext,
  params: TopQuery | TopDiffQuery,
): Promise<TopResponse> {
  return responseOf(await queries.questionOf(context, params).ask(), params);
}

/** The same as text, exact beyond 2^53 too. */
export async function answerTopText(
  queries: StackQueries,
  context: QueryContext,
  params: TopQuery | TopDiffQuery,
  format: 'csv' | 'markdown',
): Promise<Iterable<string>> {
  const answer = await queries.questionOf(context, params).ask();
  const response = responseOf(answer, params);
  const table = tableOf(response, exactSums(answer.stacks));
  return format === 'csv' ? csvLines(table) : markdownOf(response, table);
}

function responseOf({ header, stacks }: StacksAnswer, params: Ranking): TopResponse {
  return { ...header, ...ranked(stacks, params) };
}

function ranked(stacks: StackSet, { limit, sort }: Ranking): Rows {
  const top = topFunctions(stacks);
  const weight = weightsOf(top, sort);
  const order = Array.from(top.symbol.keys()).toSorted(
    (a, b) =>
      (weight[b] ?? 0) - (weight[a] ?? 0) || Math.abs(top.total[b] ?? 0) - Math.abs(top.total[a] ?? 0),
  );
  return {
    functions: order.slice(0, limit).map((index) => rowOf(top, index, stacks)),
    functionCount: order.length,
  };
}

/** What functions are ranked by: the absolute value, or the absolute change in a diff. */
function weightsOf(top: TopFunctions, sort: Ranking['sort']): Float64Array {
  const left = sort === 'self' ? top.self : top.total;
  const right = sort === 'self' ? top.selfRight : top.totalRight;
  return left.map((value, index) => Math.abs(right === undefined ? value : (right[index] ?? 0) - value));
}

function rowOf(top: TopFunctions, index: number, { symbols }: StackSet): TopResponse['functions'][number] {
  const symbol = top.symbol[index] ?? 0;
  const row = {
    name: symbols.name(symbol),
    file: symbols.file(symbol),
    self: top.self[index] ?? 0,
    total: top.total[index] ?? 0,
  };
  if (top.selfRight === undefined) return row;
  return { ...row, selfRight: top.selfRight[index] ?? 0, totalRight: top.totalRight?.[index] ?? 0 };
}

type Sums = Pick<TopFunctions, 'self' | 'total' | 'selfRight' | 'totalRight'>;
type SumOf = (name: string, column: keyof Sums) => number | bigint | undefined;

const SPLIT = 0x1_0000_0000n;

/**
 * Sums beyond 2^53 by function, of stacks that carry exact values: the halves of the values are summed apart, in
 * doubles that hold them exactly.
 */
function exactSums({ exact, exactRight, ...stacks }: StackSet): SumOf {
  if (exact === undefined) return () => undefined;
  const [low, high] = [(value: bigint) => value & (SPLIT - 1n), (value: bigint) => value >> 32n].map((half) =>
    topFunctions({
      ...stacks,
      left: Float64Array.from(exact, (value) => Number(half(value))),
      ...(exactRight && { right: Float64Array.from(exactRight, (value) => Number(half(value))) }),
    }),
  ) as [TopFunctions, TopFunctions];
  const indexes = new Map(Array.from(low.symbol, (symbol, index) => [stacks.symbols.name(symbol), index]));
  return (name, column) => {
    const index = indexes.get(name) ?? -1;
    const lowHalf = low[column]?.[index];
    return lowHalf === undefined ? undefined : BigInt(lowHalf) + BigInt(high[column]?.[index] ?? 0) * SPLIT;
  };
}

function tableOf({ functions, right, unit }: TopResponse, exact: SumOf): Table {
  const columns =
    right === undefined
      ? (['self', 'total'] as const)
      : (['self', 'total', 'selfRight', 'totalRight'] as const);
  const titles = { self: 'self', total: 'total', selfRight: 'self after', totalRight: 'total after' };
  return {
    columns: ['function', 'file', ...columns.map((column) => `${titles[column]} (${unit})`)],
    rows: functions.map((fn) => [
      fn.name,
      fn.file,
      ...columns.map((column) => exact(fn.name, column) ?? fn[column] ?? 0),
    ]),
  };
}

function* markdownOf(response: TopResponse, table: Table): Generator<string> {
  const { left, right, functions, functionCount } = response;
  yield `${right === undefined ? 'Profiles' : 'Before'}: ${coverageText(left)}${unresolvedText(left)}\n`;
  if (right !== undefined) yield `\nAfter: ${coverageText(right)}${unresolvedText(right)}\n`;
  yield `\n${functions.length} of ${functionCount} functions\n\n`;
  yield* markdownLines(table);
}

function coverageText(coverage: TopResponse['left']): string {
  const [from, to] = [coverage.from, coverage.to].map((ms) => new Date(ms).toISOString());
  return `${markdownText(coverage.query)}, ${from} to ${to}, ${coverage.profiles} profiles of ${coverage.series} series`;
}
