import {
  diffQuerySchema,
  flamegraphQuerySchema,
  topDiffQuerySchema,
  topQuerySchema,
  type TopResponse,
} from '@everflame/contract';
import { encodeTree, toColumns, TREE_MEDIA_TYPE } from '@everflame/flamegraph';
import { gzipFast, validate } from '@everflame/service-kit';
import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Flamegraphs, type TreeAnswer } from '../application/flamegraphs.ts';
import { TopTables } from '../application/top.ts';
import { QueryContexts } from './context.ts';

const TEXT = 'text/plain; charset=utf-8';

@Controller('api/v1')
export class FlamegraphController {
  private readonly flamegraphs: Flamegraphs;
  private readonly topTables: TopTables;
  private readonly contexts: QueryContexts;

  constructor(
    @Inject(Flamegraphs) flamegraphs: Flamegraphs,
    @Inject(TopTables) topTables: TopTables,
    @Inject(QueryContexts) contexts: QueryContexts,
  ) {
    this.flamegraphs = flamegraphs;
    this.topTables = topTables;
    this.contexts = contexts;
  }

  @Get('flamegraph')
  async flamegraph(
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = validate(flamegraphQuerySchema, withAccept(query, request), 'query');
    const context = this.contexts.current();
    switch (params.format) {
      case 'collapsed':
        await reply.type(TEXT).send(await this.flamegraphs.collapsed(params, context));
        return;
      case 'pprof':
        await sendPprof(reply, await this.flamegraphs.pprof(params, context));
        return;
      case 'columns':
      case 'json':
        await sendTree(reply, await this.flamegraphs.tree(params, context), params.format);
    }
  }

  /** What `go tool pprof 'http://…/api/v1/profile.pb.gz?query=…'` opens. */
  @Get('profile.pb.gz')
  async profile(@Query() query: unknown, @Res() reply: FastifyReply): Promise<void> {
    const params = validate(flamegraphQuerySchema, query, 'query');
    await sendPprof(reply, await this.flamegraphs.pprof(params, this.contexts.current()));
  }

  @Get('flamegraph/diff')
  async diff(
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = validate(diffQuerySchema, withAccept(query, request), 'query');
    const context = this.contexts.current();
    if (params.format === 'collapsed') {
      await reply.type(TEXT).send(await this.flamegraphs.collapsedDiff(params, context));
      return;
    }
    await sendTree(reply, await this.flamegraphs.diff(params, context), params.format);
  }

  @Get('top')
  top(@Query() query: unknown): Promise<TopResponse> {
    const context = this.contexts.current();
    if (typeof query === 'object' && query !== null && ('left_query' in query || 'right_query' in query)) {
      return this.topTables.diff(validate(topDiffQuerySchema, query, 'query'), context);
    }
    return this.topTables.top(validate(topQuerySchema, query, 'query'), context);
  }
}

/** `format` may also be asked for by the Accept header. */
function withAccept(query: unknown, request: FastifyRequest): unknown {
  const params = typeof query === 'object' && query !== null ? query : {};
  const wantsColumns = request.headers.accept?.includes(TREE_MEDIA_TYPE) === true;
  return wantsColumns && !('format' in params) ? { ...params, format: 'columns' } : params;
}

async function sendTree(reply: FastifyReply, answer: TreeAnswer, format: 'columns' | 'json'): Promise<void> {
  if (format === 'json') {
    await reply.send({ ...answer.header, tree: toColumns(answer.tree) });
    return;
  }
  await reply.type(TREE_MEDIA_TYPE).send(Buffer.from(encodeTree(answer.tree, answer.header)));
}

async function sendPprof(reply: FastifyReply, bytes: Uint8Array): Promise<void> {
  await reply
    .type('application/octet-stream')
    .header('content-disposition', 'attachment; filename="profile.pb.gz"')
    .send(gzipFast(bytes));
}
