import type { TreeHeader } from '@everflame/contract';
import {
  buildCutTree,
  type CutTree,
  encodeTree,
  type StackSet,
  toColumns,
  TREE_MEDIA_TYPE,
} from '@everflame/flamegraph';
import { NotFoundError } from '@everflame/profile';
import type { StacksAnswer, StacksHeader } from '../stacks/stack-queries.ts';
import type { WantedTree } from '../params/wanted-tree.ts';

export type TreeRequest = WantedTree & { readonly header: StacksHeader };

/** A call tree that is ready to be sent. */
export interface TreeAnswer {
  readonly mediaType: string;
  /** Whether it depends on nothing but the profiles it shows, all of which are whole. */
  readonly isLasting: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const MEDIA_TYPES = { columns: TREE_MEDIA_TYPE, json: 'application/json; charset=utf-8' } as const;

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

/** The tree as it is sent; undefined when the path leads nowhere. */
export function treeBytes(
  stacks: StackSet,
  { header, path, maxNodes, format }: TreeRequest,
): Uint8Array<ArrayBuffer> | undefined {
  const cut = buildCutTree(stacks, { maxNodes, path });
  if (cut === undefined) return undefined;
  const counted = { ...header, ...countNodes(cut) };
  if (format === 'columns') return encodeTree(cut.tree, counted);
  return new TextEncoder().encode(JSON.stringify({ ...counted, tree: toColumns(cut.tree) }));
}

/** How many nodes a tree had before it was cut to what is shown, and how many of them that hides. */
export function countNodes({ tree, nodes }: CutTree): Pick<TreeHeader, 'nodes' | 'cutNodes' | 'truncated'> {
  let cutNodes = 0;
  for (const cut of tree.cut) cutNodes += cut;
  return { nodes, cutNodes, truncated: cutNodes > 0 };
}
