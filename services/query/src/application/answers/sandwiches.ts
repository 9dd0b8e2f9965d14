import type { SandwichDiffQuery, SandwichQuery, SandwichResponse } from '@everflame/contract';
import { type CutTree, sandwich, toColumns } from '@everflame/flamegraph';
import { NotFoundError } from '@everflame/profile';
import type { QueryContext } from '../params/filters.ts';
import type { StackQueries, StacksAnswer } from '../stacks/stack-queries.ts';
import { countNodes } from '../trees/node-counts.ts';

/** Callers and callees of one function. */
export class Sandwiches {
  readonly #queries: StackQueries;

  constructor(queries: StackQueries) {
    this.#queries = queries;
  }

  /** Throws `unknown_function` when no stack has it. */
  async sandwich(
    context: QueryContext,
    params: SandwichQuery | SandwichDiffQuery,
  ): Promise<SandwichResponse> {
    return sandwichOf(await this.#queries.questionOf(context, params).ask(), params);
  }
}

function sandwichOf(
  { header, stacks }: StacksAnswer,
  { function: name, max_nodes }: Pick<SandwichQuery, 'function' | 'max_nodes'>,
): SandwichResponse {
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
