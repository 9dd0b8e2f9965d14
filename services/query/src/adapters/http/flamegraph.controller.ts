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
import { validate } from '@everflame/service-kit';
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
  private readonly flamegraphs: Flamegraphs;
  private readonly topTables: TopTables;
  private readonly sandwiches: Sandwiches;
  private readonly explanations: Explanations;
  private readonly contexts: QueryContexts;

  constructor(
    @Inject(Flamegraphs) flamegraphs: Flamegraphs,
    @Inject(TopTables) topTables: TopTables,
    @Inject(Sandwiches) sandwiches: Sandwiches,
    @Inject(Explanations) explanations: Explanations,
    @Inject(QueryContexts) contexts: QueryContexts,
  ) {
    this.flamegraphs = flamegraphs;
    this.topTables = topTables;
    this.sandwiches = sandwiches;
    this.explanations = explanations;
    this.contexts = contexts;
  }

  @Get('flamegraph')
  async flamegraph(
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = validate(flamegraphQuerySchema, withAccept(query, request), 'query');
    const { format } = params;
    const context = this.contexts.current();
    if (format === 'json' || format === 'columns') {
      await sendTree(reply, await this.flamegraphs.tree({ ...params, format }, context, encoderFor(request)));
      return;
    }
    await sendChunks(reply, await this.flamegraphs.export({ ...params, format }, context), format);
  }

  /** What `go tool pprof 'http://…/api/v1/profile.pb.gz?query=…'` opens. */
  @Get('profile.pb.gz')
  async profile(@Query() query: unknown, @Res() reply: FastifyReply): Promise<void> {
    const params = { ...validate(flamegraphQuerySchema, query, 'query'), format: 'pprof' as const };
    await sendChunks(reply, await this.flamegraphs.export(params, this.contexts.current()), 'pprof');
  }

  @Get('flamegraph/diff')
  async diff(
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = validate(diffQuerySchema, withAccept(query, request), 'query');
    const { format } = params;
    const context = this.contexts.current();
    if (format === 'json' || format === 'columns') {
      await sendTree(reply, await this.flamegraphs.diff({ ...params, format }, context, encoderFor(request)));
      return;
    }
    await sendChunks(reply, await this.flamegraphs.exportDiff({ ...params, format }, context), format);
  }

  @Get('top')
  async top(@Query() query: unknown, @Res() reply: FastifyReply): Promise<void> {
    const context = this.contexts.current();
    const params = isComparison(query)
      ? validate(topDiffQuerySchema, query, 'query')
      : validate(topQuerySchema, query, 'query');
    if (params.format !== 'json') {
      const lines = await this.topTables.text(params, context, params.format);
      await sendChunks(reply, lines, params.format);
      return;
    }
    await reply.send(await this.topTables.table(params, context));
  }

  @Get('sandwich')
  sandwich(@Query() query: unknown): Promise<SandwichResponse> {
    const context = this.contexts.current();
    return isComparison(query)
      ? this.sandwiches.diff(validate(sandwichDiffQuerySchema, query, 'query'), context)
      : this.sandwiches.sandwich(validate(sandwichQuerySchema, query, 'query'), context);
  }

  @Get('explain')
  async explain(@Query() query: unknown, @Res() reply: FastifyReply): Promise<void> {
    const params = validate(explainQuerySchema, query, 'query');
    const context = this.contexts.current();
    if (params.format === 'json') await reply.send(await this.explanations.explain(params, context));
    else await sendChunks(reply, await this.explanations.markdown(params, context), 'markdown');
  }
}
