import {
  explainQuerySchema,
  sandwichDiffQuerySchema,
  sandwichQuerySchema,
  type SandwichResponse,
  topDiffQuerySchema,
  topQuerySchema,
} from '@everflame/contract';
import { Caller, type Principal, validate } from '@everflame/service-kit';
import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Explanations } from '../../application/answers/explanations.ts';
import { Sandwiches } from '../../application/answers/sandwiches.ts';
import { TopTables } from '../../application/answers/top-tables.ts';
import { QueryContexts } from './context.ts';
import { isComparison, sendChunks } from './replies.ts';

/** Functions, what they cost, and what changed. */
@Controller('api/v1')
export class FunctionsController {
  readonly #topTables: TopTables;
  readonly #sandwiches: Sandwiches;
  readonly #explanations: Explanations;
  readonly #contexts: QueryContexts;

  constructor(
    @Inject(TopTables) topTables: TopTables,
    @Inject(Sandwiches) sandwiches: Sandwiches,
    @Inject(Explanations) explanations: Explanations,
    @Inject(QueryContexts) contexts: QueryContexts,
  ) {
    this.#topTables = topTables;
    this.#sandwiches = sandwiches;
    this.#explanations = explanations;
    this.#contexts = contexts;
  }

  @Get('top')
  async top(@Caller() caller: Principal, @Query() query: unknown, @Res() reply: FastifyReply): Promise<void> {
    const context = this.#contexts.of(caller);
    const params = validate(isComparison(query) ? topDiffQuerySchema : topQuerySchema, query, 'query');
    if (params.format !== 'json') {
      const lines = await this.#topTables.text(context, params, params.format);
      await sendChunks(reply, lines, params.format);
      return;
    }
    await reply.send(await this.#topTables.table(context, params));
  }

  @Get('sandwich')
  sandwich(@Caller() caller: Principal, @Query() query: unknown): Promise<SandwichResponse> {
    const context = this.#contexts.of(caller);
    const schema = isComparison(query) ? sandwichDiffQuerySchema : sandwichQuerySchema;
    return this.#sandwiches.sandwich(context, validate(schema, query, 'query'));
  }

  @Get('explain')
  async explain(
    @Caller() caller: Principal,
    @Query() query: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = validate(explainQuerySchema, query, 'query');
    const context = this.#contexts.of(caller);
    if (params.format === 'json') await reply.send(await this.#explanations.explain(context, params));
    else await sendChunks(reply, await this.#explanations.markdown(context, params), 'markdown');
  }
}
