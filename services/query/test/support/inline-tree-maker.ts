import type { StackSet } from '@everflame/flamegraph';
import { treeBytes, TreeMaker, type TreeRequest } from '../../src/application/trees/tree-maker.ts';

/** Makes trees where it is called. */
export class InlineTreeMaker extends TreeMaker {
  protected override async make(
    stacks: StackSet,
    request: TreeRequest,
  ): Promise<ReturnType<typeof treeBytes>> {
    return treeBytes(stacks, request);
  }
}
