import type { SandwichDiffQuery, SandwichQuery, SandwichResponse } from '@everflame/contract';
import { type CutTree, sandwich, toColumns } from '@everflame/flamegraph';
import { NotFoundError } from '@everflame/profile';
import type { QueryContext } from '../params/filters.ts';
import type { StackQueries } from '../stacks/stack-queries.ts';
import { countNodes } from '../trees/tree-maker.ts';

/** Callers and callees of one function. Throws `unknown_function` when no stack has it. */
export async function answerSandwich(
  queries: StackQueries,
  context: QueryContext,
  params: SandwichQuery | SandwichDiffQuery,
): Promise<SandwichResponse> {
  const { function: name, max_nodes } = params;
  const { header, stacks } = await queries.questionOf(context, params).ask();
  const { callers, callees } = sandwich(stacks, name, max_nodes);
  if (isEmpty(callers) && isEmpty(callees)) {
    throw new NotFoundError(
      'unknown_function',
      header.notice ?? 'No stack of this answer has the function.',
      'Take the name as GET /api/v1/top answers it, or widen the range.',
    );
  }
  return {
    ...header,
    function: name,
    callers: halfOf(callers),
    callees: halfOf(callees),
  };
}

function isEmpty({ tree, nodes }: CutTree): boolean {
  return nodes === 1 && tree.total[0] === 0 && (tree.totalRight?.[0] ?? 0) === 0;
}

function halfOf(half: CutTree): SandwichResponse['callers'] {
  return { ...countNodes(half), tree: toColumns(half.tree) };
}
