import type { DiffQuery, FlamegraphQuery } from '@everflame/contract';
import { type DiffExportFormat, type ExportFormat, EXPORTS, type ExportSubject } from '@everflame/flamegraph';
import { NotFoundError } from '@everflame/profile';
import type { CachedAnswers } from '../cache/cached-answers.ts';
import { parseProfileFilter, type QueryContext } from '../params/filters.ts';
import { parseWantedTree, type TreeParams } from '../params/wanted-tree.ts';
import type { MergedProfile, ProfileMerger } from '../stacks/merge-profiles.ts';
import { headerOf, type StackQueries, type StacksHeader } from '../stacks/stack-queries.ts';
import { StackView } from '../stacks/stack-view.ts';
import { type EncodedTree, type Encoder, readTree } from '../trees/tree-cache.ts';
import type { TreeMaker } from '../trees/tree-maker.ts';

/** What flame graphs are made with. */
export interface FlamegraphParts {
  readonly merger: ProfileMerger;
  readonly queries: StackQueries;
  readonly trees: TreeMaker;
  readonly answers: CachedAnswers;
}

/** Merged call trees, of one side or of two, and their exports. */
export class Flamegraphs {
  readonly #parts: FlamegraphParts;

  constructor(parts: FlamegraphParts) {
    this.#parts = parts;
  }

  async tree(
    context: QueryContext,
    params: (FlamegraphQuery | DiffQuery) & TreeParams,
    encoder: Encoder,
  ): Promise<EncodedTree> {
    const { queries, trees, answers } = this.#parts;
    const wanted = parseWantedTree(params);
    const { filters, ask } = queries.questionOf(context, params);
    return readTree(answers, { filters, view: params }, encoder, async () =>
      trees.answer(await ask(), wanted),
    );
  }

  /**
   * Everything, without any cut, in pieces that are made as they are asked for. Throws `no_profiles` for a format that
   * has no file of nothing.
   */
  async export(
    context: QueryContext,
    params: FlamegraphQuery & { readonly format: ExportFormat },
  ): Promise<Iterable<string | Uint8Array>> {
    const view = new StackView(params);
    const merged = await this.#parts.merger.merge(parseProfileFilter(context, params), params.aggregate);
    if (EXPORTS[params.format].needsProfiles === true && merged.coverage.profiles === 0) {
      throw new NotFoundError(
        'no_profiles',
        `No profiles match ${merged.coverage.query} in this range.`,
        'Widen the range or check the labels: GET /api/v1/series lists what there is.',
      );
    }
    return exportProfile(merged, view, params.format);
  }

  async exportDiff(
    context: QueryContext,
    params: DiffQuery & { readonly format: DiffExportFormat },
  ): Promise<Iterable<string | Uint8Array>> {
    const { header, stacks } = await this.#parts.queries.questionOf(context, params).ask();
    return EXPORTS[params.format].chunks(stacks, subjectOf(header));
  }
}

/** One merged or single profile in a format that takes everything. */
export function exportProfile(
  profile: MergedProfile,
  view: StackView,
  format: ExportFormat,
): Iterable<string | Uint8Array> {
  const subject = subjectOf(headerOf(profile));
  const entry = EXPORTS[format];
  return entry.takes === 'measured'
    ? entry.chunks(view.measuredOf(profile), subject)
    : entry.chunks(view.stacksOf(profile), subject);
}

function subjectOf({ type, unit, left, right }: StacksHeader): ExportSubject {
  const { query, from, instanceSeconds } = right ?? left;
  return { profileTypeId: type, unit, query, fromMs: from, instanceSeconds };
}
