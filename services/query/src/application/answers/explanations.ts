import type { ExplainQuery, ExplainResponse } from '@everflame/contract';
import { type StackSet, topFunctions } from '@everflame/flamegraph';
import { parseProfileType } from '@everflame/profile';
import {
  type ClickHouse,
  type LabelContributions,
  labelContributions,
  type SideTotals,
} from '@everflame/storage';
import { normalizeFactor } from '../stacks/normalize.ts';
import { parseComparison, type QueryContext } from '../params/filters.ts';
import type { StackQueries } from '../stacks/stack-queries.ts';
import { StackView } from '../stacks/stack-view.ts';
import { type Cell, markdownLines, markdownText, unresolvedText } from './text-table.ts';

type Change = ExplainResponse['change'];
type LabelRow = ExplainResponse['labels'][number];
type FunctionRow = ExplainResponse['self'][number];

/** What a change consists of: which labels carry it, and which functions. */
export async function explain(
  clickhouse: ClickHouse,
  queries: StackQueries,
  context: QueryContext,
  params: ExplainQuery,
): Promise<ExplainResponse> {
  const comparison = parseComparison(context, params);
  const { left, right } = comparison;
  const { normalize } = params;
  const view = new StackView(params);
  const [{ header, stacks }, contributions] = await Promise.all([
    queries.diff(comparison, { aggregate: 'kind', normalize, view }),
    labelContributions(clickhouse, left, right),
  ]);
  const unit = parseProfileType(right.profileTypeId).sampleUnit;
  const factors = sidesFactors(contributions, unit, normalize);
  const { all } = contributions;
  const change = changeOf(all.left * factors.left, all.right * factors.right);
  const whole = change.delta;
  const rows = functionRows(stacks, (before, after) => changeOf(before, after, whole));
  return {
    type: header.type,
    kind: header.kind,
    unit: header.unit,
    normalize,
    left: header.left,
    right: header.right ?? header.left,
    change: { ...change, share: whole === 0 ? null : 1 },
    labels: labelRows(contributions, factors, whole).slice(0, params.limit),
    self: largest(rows.self, params.limit),
    total: largest(rows.total, params.limit),
  };
}

interface Factors {
  readonly left: number;
  readonly right: number;
}

/** Labels are scaled by what their whole side is scaled by, so that their changes add up to that of the whole. */
function sidesFactors(
  { kind, all }: LabelContributions,
  unit: string,
  normalize: ExplainQuery['normalize'],
): Factors {
  const factor = (total: number, series: number, instanceSeconds: number): number =>
    normalizeFactor({ kind, unit, coverage: { total, series, instanceSeconds } }, normalize);
  return {
    left: factor(all.left, all.leftSeries, all.leftSeconds),
    right: factor(all.right, all.rightSeries, all.rightSeconds),
  };
}

/** A change, as a part of that of the whole. */
function changeOf(before: number, after: number, whole = 0): Change {
  const delta = after - before;
  return { before, after, delta, share: whole === 0 ? null : delta / whole };
}

function labelRows({ labels }: LabelContributions, factors: Factors, whole: number): LabelRow[] {
  const change = (sides: SideTotals): Change =>
    changeOf(sides.left * factors.left, sides.right * factors.right, whole);
  const rows = labels.flatMap(({ name, values, rest, restValues }) => [
    ...values.map((sides) => ({ name, value: sides.value, ...change(sides) })),
    ...(restValues === 0 ? [] : [{ name, value: null, ...change(rest) }]),
  ]);
  return largest(rows, rows.length);
}

function functionRows(
  stacks: StackSet,
  change: (before: number, after: number) => Change,
): { self: FunctionRow[]; total: FunctionRow[] } {
  const top = topFunctions(stacks);
  const rows = (before: Float64Array, after: Float64Array | undefined): FunctionRow[] =>
    Array.from(top.symbol, (symbol, index) => ({
      name: stacks.symbols.name(symbol),
      file: stacks.symbols.file(symbol),
      ...change(before[index] ?? 0, after?.[index] ?? 0),
    }));
  return { self: rows(top.self, top.selfRight), total: rows(top.total, top.totalRight) };
}

function largest<T extends Change>(rows: readonly T[], limit: number): T[] {
  return rows
    .filter(({ delta }) => delta !== 0)
    .toSorted((a, b) => Math.abs(b.delta) - Math.abs(a.delta))
    .slice(0, limit);
}

/** An explanation as a page of Markdown. */
export function* explanationText(answer: ExplainResponse): Generator<string> {
  const { change, unit, left, right } = answer;
  yield `# What explains the change\n\n`;
  yield `Before: ${markdownText(left.query)}, ${left.profiles} profiles${unresolvedText(left)}\n\n`;
  yield `After: ${markdownText(right.query)}, ${right.profiles} profiles${unresolvedText(right)}\n\n`;
  yield `${change.before} → ${change.after} ${unit}, ${change.delta}\n`;
  yield* section('Labels', unit, answer.labels, {
    label: ({ name }) => name,
    value: ({ value }) => value ?? '(all others)',
  });
  yield* section('Functions by self', unit, answer.self, { function: ({ name }) => name });
  yield* section('Functions by total', unit, answer.total, { function: ({ name }) => name });
}

function* section<T extends Change>(
  title: string,
  unit: string,
  rows: readonly T[],
  columns: Readonly<Record<string, (row: T) => Cell>>,
): Generator<string> {
  yield `\n## ${title}\n\n`;
  yield* markdownLines({
    columns: [...Object.keys(columns), `before (${unit})`, `after (${unit})`, 'change', 'share'],
    rows: rows.map((row) => [
      ...Object.values(columns).map((cellOf) => cellOf(row)),
      row.before,
      row.after,
      row.delta,
      percent(row.share),
    ]),
  });
}

function percent(share: number | null): string | null {
  return share === null ? null : `${(share * 100).toFixed(1)} %`;
}
