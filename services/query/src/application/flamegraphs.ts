import type { DiffQuery, FlamegraphQuery, TreeHeader } from '@everflame/contract';
import {
  applyTransforms,
  buildCallTree,
  type CallTree,
  compileTransforms,
  cutTree,
  type StackSet,
  subtree,
  toCollapsed,
} from '@everflame/flamegraph';
import { InvalidArgumentError, NotFoundError } from '@everflame/profile';
import { encodeMergedProfile } from './export-pprof.ts';
import type { MergedProfile, ProfileMerger } from './merge-profiles.ts';
import { profileFilterOf, type QueryContext } from './query-filter.ts';

/** A call tree that is ready to be sent. */
export interface TreeAnswer {
  readonly header: TreeHeader;
  readonly tree: CallTree;
}

interface TransformParams {
  readonly focus?: string | undefined;
  readonly ignore?: string | undefined;
  readonly hide?: string | undefined;
  readonly show_from?: string | undefined;
}

interface TreeParams extends TransformParams {
  readonly max_nodes: number;
  readonly root?: string | undefined;
}

export class Flamegraphs {
  private readonly merger: ProfileMerger;

  constructor(merger: ProfileMerger) {
    this.merger = merger;
  }

  async tree(params: FlamegraphQuery, context: QueryContext): Promise<TreeAnswer> {
    const path = parsePath(params.root);
    const merged = await this.merged(params, context);
    const header = {
      type: profileFilterOf(params, context).profileTypeId,
      kind: merged.kind,
      unit: merged.unit,
      normalize: 'none' as const,
      left: merged.scope,
    };
    return answerOf(transformed(merged.stacks, params), header, params, path);
  }

  async diff(params: DiffQuery, context: QueryContext): Promise<TreeAnswer> {
    const path = parsePath(params.root);
    const { left, right } = diffFilters(params, context);
    const merged = await this.merger.diff(left, right, params);
    const header = {
      type: right.profileTypeId,
      kind: merged.kind,
      unit: merged.unit,
      normalize: params.normalize,
      left: merged.left,
      right: merged.right,
    };
    return answerOf(transformed(merged.stacks, params), header, params, path);
  }

  /** Folded text of everything, without any cut. */
  async collapsed(params: FlamegraphQuery, context: QueryContext): Promise<string> {
    const merged = await this.merged(params, context);
    return toCollapsed(transformed(merged.stacks, params));
  }

  async collapsedDiff(params: DiffQuery, context: QueryContext): Promise<string> {
    const { left, right } = diffFilters(params, context);
    const merged = await this.merger.diff(left, right, params);
    return toCollapsed(transformed(merged.stacks, params));
  }

  /** The merged profile as pprof bytes, not compressed. Throws `no_profiles` when there are none. */
  async pprof(params: FlamegraphQuery, context: QueryContext): Promise<Uint8Array> {
    const filter = profileFilterOf(params, context);
    const merged = await this.merger.merge(filter, params.aggregate);
    if (merged.scope.profiles === 0) {
      throw new NotFoundError(
        'no_profiles',
        `No profiles match ${merged.scope.query} in this range.`,
        'Widen the range or check the labels: GET /api/v1/series lists what there is.',
      );
    }
    return encodeMergedProfile(merged, filter);
  }

  private merged(params: FlamegraphQuery, context: QueryContext): Promise<MergedProfile> {
    return this.merger.merge(profileFilterOf(params, context), params.aggregate);
  }
}

/** Filters of both sides of a diff; they must be of one profile type. */
export function diffFilters(
  params: Pick<DiffQuery, 'left_query' | 'left_from' | 'left_to' | 'right_query' | 'right_from' | 'right_to'>,
  context: QueryContext,
): { left: ReturnType<typeof profileFilterOf>; right: ReturnType<typeof profileFilterOf> } {
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

/** Applies the filters of a request. */
export function transformed(stacks: StackSet, params: TransformParams): StackSet {
  const transforms = compileTransforms({
    focus: params.focus,
    ignore: params.ignore,
    hide: params.hide,
    showFrom: params.show_from,
  });
  return applyTransforms(stacks, transforms);
}

function answerOf(
  stacks: StackSet,
  header: Omit<TreeHeader, 'nodes' | 'cutNodes' | 'truncated'>,
  params: TreeParams,
  path: readonly string[],
): TreeAnswer {
  const whole = subtree(buildCallTree(stacks), path);
  if (whole === undefined) {
    throw new NotFoundError(
      'unknown_root',
      'There is no node at this root path.',
      'Leave root out, or widen the range.',
    );
  }
  const tree = whole.count > params.max_nodes ? cutTree(whole, params.max_nodes) : whole;
  const cutNodes = tree.cut.reduce((sum, count) => sum + count, 0);
  return { header: { ...header, nodes: whole.count, cutNodes, truncated: cutNodes > 0 }, tree };
}

function parsePath(root: string | undefined): readonly string[] {
  if (root === undefined || root === '') return [];
  try {
    const path: unknown = JSON.parse(root);
    if (Array.isArray(path) && path.length <= 10_000 && path.every((name) => typeof name === 'string'))
      return path;
  } catch {
    // Falls through to the same answer as JSON of another shape.
  }
  throw new InvalidArgumentError('root is not a JSON array of function names.', {
    hint: 'Give the path below the root, such as ["main.main","main.work"].',
  });
}
