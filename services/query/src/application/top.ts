import type { TopDiffQuery, TopQuery, TopResponse } from '@everflame/contract';
import { type StackSet, type SymbolTable, topFunctions, type TopFunctions } from '@everflame/flamegraph';
import { diffFilters, transformed } from './flamegraphs.ts';
import type { ProfileMerger } from './merge-profiles.ts';
import { profileFilterOf, type QueryContext } from './query-filter.ts';

type Ranking = Pick<TopQuery, 'limit' | 'sort'>;

/** Functions by cost, or by how much their cost changed. */
export class TopTables {
  private readonly merger: ProfileMerger;

  constructor(merger: ProfileMerger) {
    this.merger = merger;
  }

  async top(params: TopQuery, context: QueryContext): Promise<TopResponse> {
    const filter = profileFilterOf(params, context);
    const merged = await this.merger.merge(filter, params.aggregate);
    return {
      type: filter.profileTypeId,
      kind: merged.kind,
      unit: merged.unit,
      normalize: 'none',
      left: merged.scope,
      ...ranked(transformed(merged.stacks, params), params),
    };
  }

  /** Functions by the size of their change, largest first. */
  async diff(params: TopDiffQuery, context: QueryContext): Promise<TopResponse> {
    const { left, right } = diffFilters(params, context);
    const merged = await this.merger.diff(left, right, params);
    return {
      type: right.profileTypeId,
      kind: merged.kind,
      unit: merged.unit,
      normalize: params.normalize,
      left: merged.left,
      right: merged.right,
      ...ranked(transformed(merged.stacks, params), params),
    };
  }
}

function ranked(
  stacks: StackSet,
  { limit, sort }: Ranking,
): Pick<TopResponse, 'functions' | 'functionCount'> {
  const top = topFunctions(stacks);
  const weight = weightsOf(top, sort);
  const order = Array.from(top.symbol.keys()).toSorted(
    (a, b) =>
      (weight[b] ?? 0) - (weight[a] ?? 0) || Math.abs(top.total[b] ?? 0) - Math.abs(top.total[a] ?? 0),
  );
  return {
    functions: order.slice(0, limit).map((index) => rowOf(top, index, stacks.symbols)),
    functionCount: order.length,
  };
}

/** What functions are ranked by: the absolute value, or the absolute change in a diff. */
function weightsOf(top: TopFunctions, sort: Ranking['sort']): Float64Array {
  const left = sort === 'self' ? top.self : top.total;
  const right = sort === 'self' ? top.selfRight : top.totalRight;
  return left.map((value, index) => Math.abs(right === undefined ? value : (right[index] ?? 0) - value));
}

function rowOf(top: TopFunctions, index: number, symbols: SymbolTable): TopResponse['functions'][number] {
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
