import type { CallTree } from './tree/call-tree.ts';

/**
 * What each node contributes to the change: `(right - left) / max|delta|`, -1 to 1.
 * Every node is 0 when nothing changed or the tree is not a diff. Unlike the relative change of a node, this does
 * not paint a tiny function that doubled like the path that made the difference.
 */
export function diffContribution(tree: CallTree): Float64Array {
  const deltas = new Float64Array(tree.count);
  if (tree.totalRight === undefined) return deltas;
  let largest = 0;
  for (let node = 0; node < tree.count; node++) {
    const delta = (tree.totalRight[node] as number) - (tree.total[node] as number);
    deltas[node] = delta;
    largest = Math.max(largest, Math.abs(delta));
  }
  if (largest === 0) return deltas;
  return deltas.map((delta) => delta / largest);
}
