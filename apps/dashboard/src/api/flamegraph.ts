import { ApiError, type ParamsOf } from '@everflame/client';
import type { FlamegraphResponse, TreeHeader } from '@everflame/contract';
import { decodeTree, fromColumns, TREE_MEDIA_TYPE, type CallTree } from '@everflame/flamegraph';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { TimeRange } from '../time/range.ts';
import { api } from './client.ts';
import { sideParams, type Normalize, type Side } from './queries.ts';

/** A tree with what the service says about it. */
export interface FlamegraphAnswer {
  readonly header: TreeHeader;
  readonly tree: CallTree;
}

/** Which part of a tree: `root` is the path of a subtree as a JSON array, `max` the most nodes. */
interface TreePart {
  readonly root?: string | undefined;
  readonly max?: number | undefined;
}

/** The merged tree of a selector. */
export function flamegraphQuery(query: string, range: TimeRange, part: TreePart) {
  return treeOptions('flamegraph', { query, ...range, ...partParams(part) });
}

/** The tree of both sides of a comparison. */
export function flamegraphDiffQuery(left: Side, right: Side, normalize: Normalize, part: TreePart) {
  return treeOptions('flamegraph/diff', { ...sideParams(left, right, normalize), ...partParams(part) });
}

function partParams({ root, max }: TreePart) {
  return { root, max_nodes: max, format: 'columns' } as const;
}

type TreePath = 'flamegraph' | 'flamegraph/diff';

function treeOptions<P extends TreePath>(path: P, params: ParamsOf<'get', P>) {
  return queryOptions({
    queryKey: [path, params],
    queryFn: ({ signal }) => fetchTree(path, params, signal),
    placeholderData: keepPreviousData,
    // A tree is large and never patched: comparing the old with the new would cost more than drawing it.
    structuralSharing: false,
    gcTime: 60_000,
  });
}

/** Fetches a tree as bytes, or as JSON from a service that does not speak the binary columns. */
export async function fetchTree<P extends TreePath>(
  path: P,
  params: ParamsOf<'get', P>,
  signal?: AbortSignal,
): Promise<FlamegraphAnswer> {
  const accept = `${TREE_MEDIA_TYPE}, application/json;q=0.5`;
  const response = await api.fetch(path, params, { accept, signal });
  try {
    if (response.headers.get('content-type')?.startsWith(TREE_MEDIA_TYPE)) {
      const { tree, header } = decodeTree(new Uint8Array(await response.arrayBuffer()));
      return { tree, header: header as TreeHeader };
    }
    const { tree, ...header } = (await response.json()) as FlamegraphResponse;
    return { tree: fromColumns(tree), header };
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError('The answer is not a call tree.', {
      status: response.status,
      code: 'malformed_tree',
      hint: cause instanceof Error ? cause.message : undefined,
      requestId: response.headers.get('x-request-id') ?? undefined,
    });
  }
}
