import type { TreeHeader } from '@everflame/contract';
import { buildCutTree, type CallTree, type CutTree, cutTree } from '@everflame/flamegraph';
import { InvalidArgumentError, NotFoundError } from '@everflame/profile';
import type { StacksAnswer } from './stack-queries.ts';

/** A call tree that is ready to be sent. */
export interface TreeAnswer {
  readonly header: TreeHeader;
  readonly tree: CallTree;
}

const MAX_PATH_LENGTH = 10_000;

/** The tree of an answer below a path, cut to `maxNodes`. Throws `unknown_root`. */
export function treeAnswerOf(
  { header, stacks }: StacksAnswer,
  path: readonly string[],
  maxNodes: number,
): TreeAnswer {
  const cut = buildCutTree(stacks, { maxNodes, path });
  if (cut === undefined) {
    throw new NotFoundError(
      'unknown_root',
      'There is no node at this root path.',
      'Leave root out, or widen the range.',
    );
  }
  return { header: { ...header, ...countsOf(cut) }, tree: cut.tree };
}

/** A tree of at most `maxNodes` nodes besides stand-ins, and what that leaves out. */
export function cutTo(whole: CallTree, maxNodes: number): { tree: CallTree } & NodeCounts {
  const tree = whole.count > maxNodes ? cutTree(whole, maxNodes) : whole;
  return { tree, ...countsOf({ tree, nodes: whole.count }) };
}

type NodeCounts = Pick<TreeHeader, 'nodes' | 'cutNodes' | 'truncated'>;

function countsOf({ tree, nodes }: CutTree): NodeCounts {
  const cutNodes = tree.cut.reduce((sum, count) => sum + count, 0);
  return { nodes, cutNodes, truncated: cutNodes > 0 };
}

/** The path of names in `root`; throws `invalid_argument` for anything but a JSON array of texts. */
export function parsePath(root: string | undefined): readonly string[] {
  if (root === undefined || root === '') return [];
  try {
    const path: unknown = JSON.parse(root);
    if (
      Array.isArray(path) &&
      path.length <= MAX_PATH_LENGTH &&
      path.every((name) => typeof name === 'string')
    )
      return path;
  } catch {
    // Falls through to the same answer as JSON of another shape.
  }
  throw new InvalidArgumentError('root is not a JSON array of function names.', {
    hint: 'Give the path below the root, such as ["main.main","main.work"].',
  });
}
