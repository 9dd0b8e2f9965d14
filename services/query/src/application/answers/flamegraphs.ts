import type { DiffQuery, FlamegraphQuery } from '@everflame/contract';
import { collapsedChunks, speedscopeChunks } from '@everflame/flamegraph';
import { NotFoundError } from '@everflame/profile';
import { pprofChunks } from './export-pprof.ts';
import { profileFilterOf, type QueryContext } from '../params/query-filter.ts';
import { headerOf, type StackQueries, type StacksAnswer } from '../stacks/stack-queries.ts';
import { type ResolvedProfile, StackView, type ViewParams } from '../stacks/stack-view.ts';
import type { EncodedTree, Encoder, KeptTrees } from '../trees/tree-cache.ts';
import { type TreeMaker, type TreeParams, wantedTree } from '../trees/tree-maker.ts';

type Exported = ViewParams & { readonly format: 'collapsed' | 'pprof' | 'speedscope' };

/** Merged call trees and their exports. */
export class Flamegraphs {
  private readonly queries: StackQueries;
  private readonly trees: TreeMaker;
  private readonly kept: KeptTrees;

  constructor(queries: StackQueries, trees: TreeMaker, kept: KeptTrees) {
    this.queries = queries;
    this.trees = trees;
    this.kept = kept;
  }

  async tree(
    params: FlamegraphQuery & TreeParams,
    context: QueryContext,
    encoder: Encoder,
  ): Promise<EncodedTree> {
    const wanted = wantedTree(params);
    return this.kept.read([this.queries.filterOf(params, context)], params, encoder, async () =>
      this.trees.answer(await this.queries.stacks(params, context), wanted),
    );
  }

  async diff(params: DiffQuery & TreeParams, context: QueryContext, encoder: Encoder): Promise<EncodedTree> {
    const wanted = wantedTree(params);
    const { left, right } = this.queries.sides(params, context);
    return this.kept.read([left, right], params, encoder, async () =>
      this.trees.answer(await this.queries.diff(params, context), wanted),
    );
  }

  /**
   * Everything, without any cut, in pieces that are made as they are asked for: folded text, speedscope's JSON, or
   * pprof that is not compressed. Throws `no_profiles` for pprof of nothing.
   */
  async export(
    params: FlamegraphQuery & Exported,
    context: QueryContext,
  ): Promise<Iterable<string | Uint8Array>> {
    const view = new StackView(params);
    const merged = await this.queries.merged(params, context);
    if (params.format === 'pprof' && merged.scope.profiles === 0) {
      throw new NotFoundError(
        'no_profiles',
        `No profiles match ${merged.scope.query} in this range.`,
        'Widen the range or check the labels: GET /api/v1/series lists what there is.',
      );
    }
    return exportOf(merged, profileFilterOf(params, context).profileTypeId, view, params.format);
  }

  async exportDiff(
    params: DiffQuery & { readonly format: 'collapsed' | 'speedscope' },
    context: QueryContext,
  ): Promise<Iterable<string>> {
    return textOf(await this.queries.diff(params, context), params.format);
  }
}

/** One merged or single profile in a format that takes everything. */
export function exportOf(
  profile: ResolvedProfile,
  profileTypeId: string,
  view: StackView,
  format: Exported['format'],
): Iterable<string | Uint8Array> {
  if (format === 'pprof') return pprofChunks(view.measuredOf(profile), profileTypeId, profile.scope);
  return textOf({ header: headerOf(profile, profileTypeId), stacks: view.stacksOf(profile) }, format);
}

function textOf({ header, stacks }: StacksAnswer, format: 'collapsed' | 'speedscope'): Iterable<string> {
  if (format === 'collapsed') return collapsedChunks(stacks);
  return speedscopeChunks(stacks, { name: (header.right ?? header.left).query, unit: header.unit });
}
