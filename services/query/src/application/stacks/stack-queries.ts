import type { DiffQuery, FlamegraphQuery, Scope, TreeHeader } from '@everflame/contract';
import { diffStackSets, scaleStacks, type StackSet } from '@everflame/flamegraph';
import { InvalidArgumentError } from '@everflame/profile';
import type { ClickHouse, ProfileFilter } from '@everflame/storage';
import { explainEmpty } from './empty-answer.ts';
import type { MergedDiff, MergedProfile, ProfileMerger } from './merge-profiles.ts';
import { normalizedUnit, normalizeFactor } from './normalize.ts';
import { profileFilterOf, type QueryContext } from '../params/query-filter.ts';
import { StackView, type ViewParams } from './stack-view.ts';
import { type TagParams, withTags } from '../params/tag-filters.ts';

/** What every answer about stacks says of itself. */
export type StacksHeader = Omit<TreeHeader, 'nodes' | 'cutNodes' | 'truncated'>;

/** Stacks as a request wants to see them. */
export interface StacksAnswer {
  readonly header: StacksHeader;
  readonly stacks: StackSet;
}

type Merging = TagParams & Pick<FlamegraphQuery, 'query' | 'from' | 'to' | 'aggregate'>;
export type SidesParams = Pick<
  DiffQuery,
  'left_query' | 'left_from' | 'left_to' | 'right_query' | 'right_from' | 'right_to'
>;
type Comparing = SidesParams & TagParams & Pick<DiffQuery, 'aggregate' | 'normalize'>;

/** Merges and compares profiles; the ground of everything that shows stacks. */
export class StackQueries {
  private readonly clickhouse: ClickHouse;
  private readonly merger: ProfileMerger;

  constructor(clickhouse: ClickHouse, merger: ProfileMerger) {
    this.clickhouse = clickhouse;
    this.merger = merger;
  }

  /** The merged profile of a selector, whose frames can still be seen as they were measured. */
  async merged(params: Merging, context: QueryContext): Promise<MergedProfile> {
    return this.merger.merge(this.filterOf(params, context), params.aggregate);
  }

  async stacks(params: Merging & ViewParams, context: QueryContext): Promise<StacksAnswer> {
    const view = new StackView(params);
    const filter = this.filterOf(params, context);
    const merged = await this.merger.merge(filter, params.aggregate);
    const header = {
      ...headerOf(merged, filter.profileTypeId),
      ...(await this.notice([[filter, merged.scope]])),
    };
    return { header, stacks: view.stacksOf(merged) };
  }

  /** Both sides, scaled as asked. Throws `profile_types_differ`. */
  async diff(params: Comparing & ViewParams, context: QueryContext): Promise<StacksAnswer> {
    const view = new StackView(params);
    const { left, right } = this.sides(params, context);
    const merged = view.isPlain
      ? await this.merger.diff(left, right, params)
      : await this.viewedDiff(view, left, right, params);
    const header = {
      type: right.profileTypeId,
      kind: merged.kind,
      unit: merged.unit,
      normalize: params.normalize,
      left: merged.left,
      right: merged.right,
      ...(await this.notice([
        [left, merged.left],
        [right, merged.right],
      ])),
    };
    return { header, stacks: merged.stacks };
  }

  /** The filter with the tags of the request. */
  filterOf(params: Pick<Merging, 'query' | 'from' | 'to'> & TagParams, context: QueryContext): ProfileFilter {
    return withTags(profileFilterOf(params, context), params);
  }

  /** Filters of both sides with the tags of the request. */
  sides(
    params: SidesParams & TagParams,
    context: QueryContext,
  ): { left: ProfileFilter; right: ProfileFilter } {
    const { left, right } = diffFilters(params, context);
    return { left: withTags(left, params), right: withTags(right, params) };
  }

  /** Why there is nothing on the first of the sides that have nothing. */
  private async notice(
    sides: readonly (readonly [ProfileFilter, Scope])[],
  ): Promise<Pick<StacksHeader, 'notice'>> {
    const empty = sides.find(([, scope]) => scope.profiles === 0);
    return empty === undefined ? {} : { notice: await explainEmpty(this.clickhouse, empty[0]) };
  }

  private async viewedDiff(
    view: StackView,
    left: ProfileFilter,
    right: ProfileFilter,
    { aggregate, normalize }: Comparing,
  ): Promise<MergedDiff> {
    const [before, after] = await Promise.all([
      this.merger.merge(left, aggregate),
      this.merger.merge(right, aggregate),
    ]);
    const stacks = diffStackSets(view.stacksOf(before), view.stacksOf(after));
    return {
      kind: after.scope.profiles > 0 ? after.kind : before.kind,
      unit: normalizedUnit(after, normalize),
      left: before.scope,
      right: after.scope,
      stacks:
        normalize === 'none'
          ? stacks
          : scaleStacks(stacks, normalizeFactor(before, normalize), normalizeFactor(after, normalize)),
    };
  }
}

export function headerOf(
  { kind, unit, scope }: Pick<MergedProfile, 'kind' | 'unit' | 'scope'>,
  type: string,
): StacksHeader {
  return { type, kind, unit, normalize: 'none', left: scope };
}

/** Filters of both sides of a diff; they must be of one profile type. */
export function diffFilters(
  params: SidesParams,
  context: QueryContext,
): { left: ProfileFilter; right: ProfileFilter } {
  const left = profileFilterOf(
    { query: params.left_query, from: params.left_from, to: params.left_to },
    context,
  );
  const right = profileFilterOf(
    { query: params.right_query, from: params.right_from, to: params.right_to },
    context,
  );
  if (left.profileTypeId !== right.profileTypeId) {
    throw new InvalidArgumentError(`Cannot compare ${left.profileTypeId} with ${right.profileTypeId}.`, {
      code: 'profile_types_differ',
      hint: 'Name the same profile type on both sides.',
    });
  }
  return { left, right };
}
