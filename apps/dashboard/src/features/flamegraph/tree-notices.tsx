import type { TreeHeader } from '@everflame/contract';
import { shortName, type CallTree } from '@everflame/flamegraph';
import { formatShare } from './node-facts.ts';

/** Value in the stand-ins of a tree, both sides together, as a part of the root's total. */
export function hiddenShare(tree: CallTree): number {
  let hidden = 0;
  for (let node = 1; node < tree.count; node++) {
    if (tree.cut[node] === 0) continue;
    hidden += Math.abs(tree.total[node] as number) + Math.abs(tree.totalRight?.[node] ?? 0);
  }
  const whole = Math.abs(tree.total[0] ?? 0) + Math.abs(tree.totalRight?.[0] ?? 0);
  return whole === 0 ? 0 : hidden / whole;
}

interface TreeNoticesProps {
  readonly header: TreeHeader;
  readonly tree: CallTree;
  /** Path of the subtree that was asked for. */
  readonly root: readonly string[];
  readonly onWhole: () => void;
}

/** Says what the picture does not show. */
export function TreeNotices({ header, tree, root, onWhole }: TreeNoticesProps) {
  const below = root.at(-1);
  return (
    <>
      {below === undefined ? null : (
        <p className="notice" data-testid="subtree-notice">
          <span>
            Only what <span className="mono">{shortName(below)}</span> calls on this path is loaded, in full
            depth.
          </span>
          <button type="button" onClick={onWhole}>
            Show the whole tree
          </button>
        </p>
      )}
      {header.truncated ? (
        <p className="notice" data-testid="partial-banner" role="status">
          <span>
            {header.cutNodes.toLocaleString('en')} of {header.nodes.toLocaleString('en')} nodes are too small
            to be sent at first. They hold {formatShare(hiddenShare(tree), 1)} of the total and stand as{' '}
            <span className="mono">(+N functions)</span>: click one to load it.
          </span>
        </p>
      ) : null}
    </>
  );
}
