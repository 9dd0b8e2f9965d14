import {
  diffQuerySchema,
  explainQuerySchema,
  flamegraphQuerySchema,
  sandwichDiffQuerySchema,
  sandwichQuerySchema,
  type SandwichResponse,
  topDiffQuerySchema,
  topQuerySchema,
} from '@everflame/contract';
import { Caller, type Principal, validate } from '@everflame/service-kit';
import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Explanations } from '../../application/answers/explanations.ts';
import { Flamegraphs } from '../../application/answers/flamegraphs.ts';
import { Sandwiches } from '../../application/answers/sandwiches.ts';
import { TopTables } from '../../application/answers/top-tables.ts';
import { encoderFor, sendTree } from './compression.ts';
import { QueryContexts } from './context.ts';
import { isComparison, sendChunks, withAccept } from './replies.ts';

@Controller('api/v1')
export class FlamegraphController {
  readonly #flamegraphs: Flamegraphs;
  readonly #topTables: TopTables;
  readonly #sandwiches: Sandwiches;
  readonly #explanations: Explanations;
  readonly #contexts: QueryContexts;

  constructor(
    @Inject(Flamegraphs) flamegraphs: Flamegraphs,
    @Inject(TopTables) topTables: TopTables,
    @Inject(Sandwiches) sandwiches: Sandwiches,
    @Inject(Explanations) explanations: Explanations,
    @Inject(QueryContexts) contexts: QueryContexts,
  ) {
    this.#flamegraphs = flamegraphs;
    this.#topTables = topTables;
    this.#sandwiches = sandwiches;
    this.#explanations = explanations;
    this.#contexts = contexts;
  }

  @Get('flamegraph')
  async flamegraph(
    @Caller() caller: Principal,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = validate(flamegraphQuerySchema, withAccept(query, request), 'query');
    const { format } = params;
    const context = this.#contexts.of(caller);
    if (format === 'json' || format === 'columns') {
      await sendTree(
        reply,
        await this.#flamegraphs.tree(context, { ...params, format }, encoderFor(request)),
      );
      return;
    }
    await sendChunks(reply, await this.#flamegraphs.export(context, { ...params, format }), format);
  }

  /** What `go tool pprof 'http://…/api/v1/profile.pb.gz?query=…'` opens. */
  @Get('profile.pb.gz')
  async profile(
    @Caller() caller: Principal,
    @Query() query: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = { ...validate(flamegraphQuerySchema, query, 'query'), format: 'pprof' as const };
    await sendChunks(reply, await this.#flamegraphs.export(this.#contexts.of(caller), params), 'pprof');
  }

  @Get('flamegraph/diff')
  async diff(
    @Caller() caller: Principal,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = validate(diffQuerySchema, withAccept(query, request), 'query');
    const { format } = params;
    const context = this.#contexts.of(caller);
    if (format === 'json' || format === 'columns') {
      await sendTree(
        reply,
        await this.#flamegraphs.diff(context, { ...params, format }, encoderFor(request)),
      );
      return;
    }
    await sendChunks(reply, await this.#flamegraphs.exportDiff(context, { ...params, format }), format);
  }

  @Get('top')
  async top(@Caller() caller: Principal, @Query() query: unknown, @Res() reply: FastifyReply): Promise<void> {
    const context = this.#contexts.of(caller);
    const params = isComparison(query)
      ? validate(topDiffQuerySchema, query, 'query')
      : validate(topQuerySchema, query, 'query');
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
    return isComparison(query)
      ? this.#sandwiches.diff(context, validate(sandwichDiffQuerySchema, query, 'query'))
      : this.#sandwiches.sandwich(context, validate(sandwichQuerySchema, query, 'query'));
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
