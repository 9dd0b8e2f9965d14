import type { DiffQuery, FlamegraphQuery } from '@everflame/contract';
import { type DiffExportFormat, type ExportFormat, EXPORTS, type ExportSubject } from '@everflame/flamegraph';
import { NotFoundError } from '@everflame/profile';
import { profileFilterOf, type QueryContext } from '../params/query-filter.ts';
import { headerOf, type StackQueries, type StacksHeader } from '../stacks/stack-queries.ts';
import { type ResolvedProfile, StackView } from '../stacks/stack-view.ts';
import type { EncodedTree, Encoder, KeptTrees } from '../trees/tree-cache.ts';
import { type TreeMaker, type TreeParams, wantedTree } from '../trees/tree-maker.ts';

/** Merged call trees and their exports. */
export class Flamegraphs {
  readonly #queries: StackQueries;
  readonly #trees: TreeMaker;
  readonly #kept: KeptTrees;

  constructor(queries: StackQueries, trees: TreeMaker, kept: KeptTrees) {
    this.#queries = queries;
    this.#trees = trees;
    this.#kept = kept;
  }

  async tree(
    params: FlamegraphQuery & TreeParams,
    context: QueryContext,
    encoder: Encoder,
  ): Promise<EncodedTree> {
    const wanted = wantedTree(params);
    return this.#kept.read([this.#queries.filterOf(params, context)], params, encoder, async () =>
      this.#trees.answer(await this.#queries.stacks(params, context), wanted),
    );
  }

  async diff(params: DiffQuery & TreeParams, context: QueryContext, encoder: Encoder): Promise<EncodedTree> {
    const wanted = wantedTree(params);
    const { left, right } = this.#queries.sides(params, context);
    return this.#kept.read([left, right], params, encoder, async () =>
      this.#trees.answer(await this.#queries.diff(params, context), wanted),
    );
  }

  /**
   * Everything, without any cut, in pieces that are made as they are asked for. Throws `no_profiles` for a format that
   * has no file of nothing.
   */
  async export(
    params: FlamegraphQuery & { readonly format: ExportFormat },
    context: QueryContext,
  ): Promise<Iterable<string | Uint8Array>> {
    const view = new StackView(params);
    const merged = await this.#queries.merged(params, context);
    if (EXPORTS[params.format].needsProfiles === true && merged.scope.profiles === 0) {
      throw new NotFoundError(
        'no_profiles',
        `No profiles match ${merged.scope.query} in this range.`,
        'Widen the range or check the labels: GET /api/v1/series lists what there is.',
      );
    }
    return exportOf(merged, profileFilterOf(params, context).profileTypeId, view, params.format);
  }

  async exportDiff(
    params: DiffQuery & { readonly format: DiffExportFormat },
    context: QueryContext,
  ): Promise<Iterable<string | Uint8Array>> {
    const { header, stacks } = await this.#queries.diff(params, context);
    return EXPORTS[params.format].chunks(stacks, subjectOf(header));
  }
}

/** One merged or single profile in a format that takes everything. */
export function exportOf(
  profile: ResolvedProfile,
  profileTypeId: string,
  view: StackView,
  format: ExportFormat,
): Iterable<string | Uint8Array> {
  const subject = subjectOf(headerOf(profile, profileTypeId));
  const entry = EXPORTS[format];
  return entry.takes === 'measured'
    ? entry.chunks(view.measuredOf(profile), subject)
    : entry.chunks(view.stacksOf(profile), subject);
}

function subjectOf({ type, unit, left, right }: StacksHeader): ExportSubject {
  const { query, from, instanceSeconds } = right ?? left;
  return { profileTypeId: type, unit, query, fromMs: from, instanceSeconds };
}
