import { ApiError } from '@everflame/client';
import type { TreeHeader } from '@everflame/contract';
import { shortName, type CallTree } from '@everflame/flamegraph';
import { visibleText } from '@everflame/profile';
import { countOf } from '../../../ui/count.ts';
import { EmptyState } from '../../../ui/states.tsx';
import { formatShare } from '../scene/node-facts.ts';

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

/** For a subtree in the address that the selection does not have. */
export function LostSubtree({ onWhole }: { onWhole: () => void }) {
  return (
    <EmptyState title="The subtree is not in this selection">
      <p>No stack of this range and these filters takes the path in the address.</p>
      <button type="button" className="primary" onClick={onWhole}>
        Show the whole tree
      </button>
    </EmptyState>
  );
}

/** Whether a request failed because the subtree it asked for does not exist. */
export function isLostSubtree(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'unknown_root';
}

interface TreeNoticesProps {
  readonly header: TreeHeader;
  readonly tree: CallTree;
  /** Path of the subtree that was asked for. */
  readonly root: readonly string[];
  readonly onWhole: () => void;
}

/** What the values leave out or cannot say to the last digit. */
function ScopeNotice({ header }: { header: TreeHeader }) {
  const sides = header.right ? [header.left, header.right] : [header.left];
  const others = sides.reduce((sum, side) => sum + side.otherKindProfiles, 0);
  const isExact = sides.every((side) => side.exact);
  if (others === 0 && isExact) return null;
  return (
    <p className="notice" data-testid="scope-notice" role="status">
      <span>
        {others === 0
          ? null
          : `${others.toLocaleString('en')} profiles of this type are left out, because most add up in another way. `}
        {isExact
          ? null
          : 'Some values are larger than 2^53 and shown as the nearest number that can be represented.'}
      </span>
    </p>
  );
}

/** Says that some stacks are there with their value, but not with their functions. */
function UnresolvedNotice({ header }: { header: TreeHeader }) {
  const sides = header.right ? [header.left, header.right] : [header.left];
  const stacks = sides.reduce((sum, { unresolved }) => sum + (unresolved?.stacks ?? 0), 0);
  if (stacks === 0) return null;
  const value = sides.reduce((sum, { unresolved }) => sum + Math.abs(unresolved?.value ?? 0), 0);
  const whole = sides.reduce((sum, { total }) => sum + Math.abs(total), 0);
  return (
    <p className="notice" data-testid="unresolved-notice" role="status">
      <span>
        Functions of {countOf(stacks, 'stack')} are not known any more. They hold {formatShare(value, whole)}{' '}
        of the total and stand as <span className="mono">(unresolved)</span>;{' '}
        <span className="mono">everflame doctor</span> says what can be done.
      </span>
    </p>
  );
}

/** Says what the picture does not show. */
export function TreeNotices({ header, tree, root, onWhole }: TreeNoticesProps) {
  const below = root.at(-1);
  return (
    <>
      {below === undefined ? null : (
        <p className="notice" data-testid="subtree-notice">
          <span>
            Only what <span className="mono">{visibleText(shortName(below))}</span> calls on this path is
            loaded, in full depth.
          </span>
          <button type="button" onClick={onWhole}>
            Show the whole tree
          </button>
        </p>
      )}
      <ScopeNotice header={header} />
      <UnresolvedNotice header={header} />
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
