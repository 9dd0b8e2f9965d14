import {
  explainQuerySchema,
  sandwichDiffQuerySchema,
  sandwichQuerySchema,
  type SandwichResponse,
  topDiffQuerySchema,
  topQuerySchema,
} from '@everflame/contract';
import { validate } from '@everflame/service-kit';
import { ClickHouse } from '@everflame/storage';
import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { explain, explanationText } from '../../application/answers/explanations.ts';
import { answerSandwich } from '../../application/answers/sandwiches.ts';
import { answerTop, answerTopText } from '../../application/answers/top-tables.ts';
import { StackQueries } from '../../application/stacks/stack-queries.ts';
import type { QueryContext } from '../../application/params/filters.ts';
import { Context } from './context.ts';
import { isComparison, sendChunks } from './replies.ts';

/** Functions, what they cost, and what changed. */
@Controller('api/v1')
export class FunctionsController {
  readonly #clickhouse: ClickHouse;
  readonly #queries: StackQueries;

  constructor(@Inject(ClickHouse) clickhouse: ClickHouse, @Inject(StackQueries) queries: StackQueries) {
    this.#clickhouse = clickhouse;
    this.#queries = queries;
  }

  @Get('top')
  async top(
    @Context() context: QueryContext,
    @Query() query: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = validate(isComparison(query) ? topDiffQuerySchema : topQuerySchema, query, 'query');
    if (params.format !== 'json') {
      const lines = await answerTopText(this.#queries, context, params, params.format);
      await sendChunks(reply, lines, params.format);
      return;
    }
    await reply.send(await answerTop(this.#queries, context, params));
  }

  @Get('sandwich')
  sandwich(@Context() context: QueryContext, @Query() query: unknown): Promise<SandwichResponse> {
    const schema = isComparison(query) ? sandwichDiffQuerySchema : sandwichQuerySchema;
    return answerSandwich(this.#queries, context, validate(schema, query, 'query'));
  }

  @Get('explain')
  async explain(
    @Context() context: QueryContext,
    @Query() query: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = validate(explainQuerySchema, query, 'query');
    const answer = await explain(this.#clickhouse, this.#queries, context, params);
    if (params.format === 'json') await reply.send(answer);
    else await sendChunks(reply, explanationText(answer), 'markdown');
  }
}
