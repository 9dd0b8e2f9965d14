import type { TreeHeader } from '@everflame/contract';
import { type CallTree, type CutTree, cutTree } from '@everflame/flamegraph';
import { InvalidArgumentError } from '@everflame/profile';

const MAX_PATH_LENGTH = 10_000;

/** A tree of at most `maxNodes` nodes besides stand-ins, and what that leaves out. */
export function cutTo(whole: CallTree, maxNodes: number): { tree: CallTree } & NodeCounts {
  const tree = whole.count > maxNodes ? cutTree(whole, maxNodes) : whole;
  return { tree, ...countsOf({ tree, nodes: whole.count }) };
}

type NodeCounts = Pick<TreeHeader, 'nodes' | 'cutNodes' | 'truncated'>;

export function countsOf({ tree, nodes }: CutTree): NodeCounts {
  let cutNodes = 0;
  for (let node = 0; node < tree.cut.length; node++) cutNodes += tree.cut[node] ?? 0;
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
