import type { Coverage, TreeHeader } from '@everflame/contract';
import { diffStackSets, type StackSet } from '@everflame/flamegraph';
import type { ClickHouse, ProfileFilter } from '@everflame/storage';
import type { Aggregate } from '../cache/cached-merge.ts';
import {
  type Comparison,
  type ComparisonParams,
  parseComparison,
  parseProfileFilter,
  type ProfileParams,
  type QueryContext,
} from '../params/filters.ts';
import { explainEmpty } from './empty-answer.ts';
import { compareMerged, type MergedDiff, type MergedProfile, type ProfileMerger } from './merge-profiles.ts';
import type { Normalize } from './normalize.ts';
import { StackView, type ViewParams } from './stack-view.ts';

/** What every answer about stacks says of itself. */
export type StacksHeader = Omit<TreeHeader, 'nodes' | 'cutNodes' | 'truncated'>;

/** Stacks as a question wants to see them. */
export interface StacksAnswer {
  readonly header: StacksHeader;
  readonly stacks: StackSet;
}

/** How two sides are merged, seen and scaled. */
interface DiffQuestion {
  readonly aggregate: Aggregate;
  readonly view: StackView;
  readonly normalize: Normalize;
}

/** The parameters of a request for stacks: of one selector, or of two sides to compare. */
export type StacksParams = ViewParams & { readonly aggregate: Aggregate } & (
    | ProfileParams
    | (ComparisonParams & { readonly normalize: Normalize })
  );

/** Merges and compares profiles; the ground of everything that shows stacks. */
export class StackQueries {
  readonly #clickhouse: ClickHouse;
  readonly #merger: ProfileMerger;

  constructor(clickhouse: ClickHouse, merger: ProfileMerger) {
    this.#clickhouse = clickhouse;
    this.#merger = merger;
  }

  /** A question that is understood and not asked yet, about one side or two. Throws what is wrong with the parameters. */
  questionOf(context: QueryContext, params: StacksParams) {
    if ('left_query' in params) {
      const comparison = parseComparison(context, params);
      const question = { ...params, view: new StackView(params) };
      const filters = [comparison.left, comparison.right];
      return { filters, ask: () => this.diff(comparison, question) };
    }
    const filter = parseProfileFilter(context, params);
    const view = new StackView(params);
    return { filters: [filter], ask: () => this.#merged(filter, params.aggregate, view) };
  }

  async #merged(filter: ProfileFilter, aggregate: Aggregate, view: StackView): Promise<StacksAnswer> {
    const merged = await this.#merger.merge(filter, aggregate);
    const header = {
      ...headerOf(merged),
      ...(await this.#notice([[filter, merged.coverage]])),
    };
    return { header, stacks: view.stacksOf(merged) };
  }

  /** Both sides, scaled as asked. */
  async diff(comparison: Comparison, question: DiffQuestion): Promise<StacksAnswer> {
    const { left, right } = comparison;
    const { stacks, ...merged } = question.view.isPlain
      ? await this.#merger.diff(comparison, question)
      : await this.#viewedDiff(comparison, question);
    const header = {
      type: right.profileTypeId,
      normalize: question.normalize,
      ...merged,
      ...(await this.#notice([
        [left, merged.left],
        [right, merged.right],
      ])),
    };
    return { header, stacks };
  }

  /** Why there is nothing on the first of the sides that have nothing. */
  async #notice(
    sides: readonly (readonly [ProfileFilter, Coverage])[],
  ): Promise<Pick<StacksHeader, 'notice'>> {
    const empty = sides.find(([, { profiles }]) => profiles === 0);
    return empty === undefined ? {} : { notice: await explainEmpty(this.#clickhouse, empty[0]) };
  }

  async #viewedDiff(
    { left, right }: Comparison,
    { aggregate, normalize, view }: DiffQuestion,
  ): Promise<MergedDiff> {
    const [before, after] = await Promise.all([
      this.#merger.merge(left, aggregate),
      this.#merger.merge(right, aggregate),
    ]);
    const both = diffStackSets(view.stacksOf(before), view.stacksOf(after));
    return compareMerged(before, after, both, normalize);
  }
}

/** The header of one merged or single profile. */
export function headerOf({ type, kind, unit, coverage }: MergedProfile): StacksHeader {
  return { type, kind, unit, normalize: 'none', left: coverage };
}
