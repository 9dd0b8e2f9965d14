import type { FlameLayout, LayoutView } from '@everflame/flamegraph';

/** The widest child that has a box; -1 at a leaf. */
export function widestChild(layout: FlameLayout, node: number): number {
  const { tree, width } = layout;
  let widest = -1;
  const end = tree.subtreeEnd[node] as number;
  for (let child = node + 1; child < end; child = tree.subtreeEnd[child] as number) {
    const own = width[child] as number;
    if (own > 0 && (widest < 0 || own > (width[widest] as number))) widest = child;
  }
  return widest;
}

/** Returns the next visible box in the row, to the left (-1) or right (1), that is wide enough; -1 when there is none. */
export function neighbour(
  layout: FlameLayout,
  node: number,
  direction: -1 | 1,
  view: LayoutView & { readonly leastWidth: number },
): number {
  const row = layout.tree.level[node] as number;
  const begin = layout.rowOffsets[row] ?? 0;
  const end = layout.rowOffsets[row + 1] ?? 0;
  let index = layout.rowNodes.indexOf(node, begin) + direction;
  for (; index >= begin && index < end; index += direction) {
    const other = layout.rowNodes[index] as number;
    const start = layout.start[other] as number;
    const width = layout.width[other] as number;
    if (start >= view.x1 || start + width <= view.x0) return -1;
    if (width >= view.leastWidth) return other;
  }
  return -1;
}

/** Rows of the subtree of a node, its callers included. */
export function depthBelow(layout: FlameLayout, node: number): number {
  const { tree } = layout;
  if (node === 0) return layout.depth;
  let deepest = tree.level[node] as number;
  const end = tree.subtreeEnd[node] as number;
  for (let below = node + 1; below < end; below++) {
    if ((layout.width[below] as number) > 0) deepest = Math.max(deepest, tree.level[below] as number);
  }
  return deepest + 1;
}
