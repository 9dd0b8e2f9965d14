import { InvalidArgumentError } from '@everflame/profile';

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

const MAX_PATH_LENGTH = 10_000;

/** Throws `invalid_argument` for a root that is not a path. */
export function parseWantedTree({ root, max_nodes, format }: TreeParams): WantedTree {
  return { path: parsePath(root), maxNodes: max_nodes, format };
}

/** The path of names in `root`; throws `invalid_argument` for anything but a JSON array of texts. */
function parsePath(root: string | undefined): readonly string[] {
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
