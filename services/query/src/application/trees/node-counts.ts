import type { TreeHeader } from '@everflame/contract';
import type { CutTree } from '@everflame/flamegraph';

/** How many nodes a tree had before it was cut to what is shown, and how many of them that hides. */
export function countNodes({ tree, nodes }: CutTree): Pick<TreeHeader, 'nodes' | 'cutNodes' | 'truncated'> {
  let cutNodes = 0;
  for (const cut of tree.cut) cutNodes += cut;
  return { nodes, cutNodes, truncated: cutNodes > 0 };
}
