import type { SandwichDiffQuery, SandwichQuery, SandwichResponse } from '@everflame/contract';
import { type CallTree, sandwich, toColumns } from '@everflame/flamegraph';
import { NotFoundError } from '@everflame/profile';
import type { QueryContext } from '../params/query-filter.ts';
import type { StackQueries, StacksAnswer } from '../stacks/stack-queries.ts';
import { cutTo } from '../trees/tree-answer.ts';

/** Callers and callees of one function. */
export class Sandwiches {
  private readonly queries: StackQueries;

  constructor(queries: StackQueries) {
    this.queries = queries;
  }

  /** Throws `unknown_function` when no stack has it. */
  async sandwich(params: SandwichQuery, context: QueryContext): Promise<SandwichResponse> {
    return sandwichOf(await this.queries.stacks(params, context), params);
  }

  async diff(params: SandwichDiffQuery, context: QueryContext): Promise<SandwichResponse> {
    return sandwichOf(await this.queries.diff(params, context), params);
  }
}

function sandwichOf(
  { header, stacks }: StacksAnswer,
  { function: name, max_nodes }: Pick<SandwichQuery, 'function' | 'max_nodes'>,
): SandwichResponse {
  const { callers, callees } = sandwich(stacks, name);
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
    callers: halfOf(callers, max_nodes),
    callees: halfOf(callees, max_nodes),
  };
}

function isEmpty(tree: CallTree): boolean {
  return tree.count === 1 && tree.total[0] === 0 && (tree.totalRight?.[0] ?? 0) === 0;
}

function halfOf(whole: CallTree, maxNodes: number): SandwichResponse['callers'] {
  const { tree, ...counts } = cutTo(whole, maxNodes);
  return { ...counts, tree: toColumns(tree) };
}
