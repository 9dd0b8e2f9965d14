import { buildCutTree, encodeTree, type StackSet, toColumns, TREE_MEDIA_TYPE } from '@everflame/flamegraph';
import { NotFoundError } from '@everflame/profile';
import type { StacksAnswer, StacksHeader } from '../stacks/stack-queries.ts';
import { countsOf, parsePath } from './tree-answer.ts';

export type TreeFormat = 'columns' | 'json';

/** The parameters of a request that say which tree it wants. */
export interface TreeParams {
  readonly root?: string | undefined;
  readonly max_nodes: number;
  readonly format: TreeFormat;
}

/** Which tree of some stacks is wanted. */
export interface WantedTree {
  /** Names from below the root to the node that is to be the root. */
  readonly path: readonly string[];
  readonly maxNodes: number;
  readonly format: TreeFormat;
}

export type TreeRequest = WantedTree & { readonly header: StacksHeader };

/** A call tree that is ready to be sent. */
export interface TreeAnswer {
  readonly mediaType: string;
  /** Whether it depends on nothing but the profiles it shows, all of which are whole. */
  readonly isLasting: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const MEDIA_TYPES = { columns: TREE_MEDIA_TYPE, json: 'application/json; charset=utf-8' } as const;

/** Throws `invalid_argument` for a root that is not a path. */
export function wantedTree({ root, max_nodes, format }: TreeParams): WantedTree {
  return { path: parsePath(root), maxNodes: max_nodes, format };
}

/** Makes the bytes of call trees, wherever that is done. */
export abstract class TreeMaker {
  /** The tree of an answer below a path, cut to `maxNodes`. Throws `unknown_root`. */
  async answer({ header, stacks }: StacksAnswer, wanted: WantedTree): Promise<TreeAnswer> {
    const bytes = await this.make(stacks, { header, ...wanted });
    if (bytes !== undefined) {
      return { mediaType: MEDIA_TYPES[wanted.format], isLasting: isLasting(header), bytes };
    }
    throw new NotFoundError(
      'unknown_root',
      'There is no node at this root path.',
      'Leave root out, or widen the range.',
    );
  }

  /** Ends what was started to make trees. */
  async close(): Promise<void> {}

  /** Undefined when the path leads nowhere. */
  protected abstract make(
    stacks: StackSet,
    request: TreeRequest,
  ): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/** Stacks that are not resolved may be later. */
function isLasting({ notice, left, right }: StacksHeader): boolean {
  return notice === undefined && left.unresolved === undefined && right?.unresolved === undefined;
}

/** Makes trees where it is called. */
export class InlineTreeMaker extends TreeMaker {
  protected override async make(
    stacks: StackSet,
    request: TreeRequest,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return treeBytes(stacks, request);
  }
}

/** The tree as it is sent; undefined when the path leads nowhere. */
export function treeBytes(
  stacks: StackSet,
  { header, path, maxNodes, format }: TreeRequest,
): Uint8Array<ArrayBuffer> | undefined {
  const cut = buildCutTree(stacks, { maxNodes, path });
  if (cut === undefined) return undefined;
  const counted = { ...header, ...countsOf(cut) };
  if (format === 'columns') return encodeTree(cut.tree, counted);
  return new TextEncoder().encode(JSON.stringify({ ...counted, tree: toColumns(cut.tree) }));
}
