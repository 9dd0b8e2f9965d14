import { diffQuerySchema, flamegraphQuerySchema } from '@everflame/contract';
import { validate } from '@everflame/service-kit';
import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Flamegraphs } from '../../application/answers/flamegraphs.ts';
import type { QueryContext } from '../../application/params/filters.ts';
import { Context } from './context.ts';
import { sendChunks, sendTreeOrFile, withAccept } from './replies.ts';

/** Call trees. */
@Controller('api/v1')
export class FlamegraphController {
  readonly #flamegraphs: Flamegraphs;

  constructor(@Inject(Flamegraphs) flamegraphs: Flamegraphs) {
    this.#flamegraphs = flamegraphs;
  }

  @Get('flamegraph')
  async flamegraph(
    @Context() context: QueryContext,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = validate(flamegraphQuerySchema, withAccept(query, request), 'query');
    await sendTreeOrFile(reply, params.format, {
      tree: (format, encoder) => this.#flamegraphs.tree(context, { ...params, format }, encoder),
      file: (format) => this.#flamegraphs.export(context, { ...params, format }),
    });
  }

  /** What `go tool pprof 'http://…/api/v1/profile.pb.gz?query=…'` opens. */
  @Get('profile.pb.gz')
  async profile(
    @Context() context: QueryContext,
    @Query() query: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = { ...validate(flamegraphQuerySchema, query, 'query'), format: 'pprof' as const };
    await sendChunks(reply, await this.#flamegraphs.export(context, params), 'pprof');
  }

  @Get('flamegraph/diff')
  async diff(
    @Context() context: QueryContext,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = validate(diffQuerySchema, withAccept(query, request), 'query');
    await sendTreeOrFile(reply, params.format, {
      tree: (format, encoder) => this.#flamegraphs.tree(context, { ...params, format }, encoder),
      file: (format) => this.#flamegraphs.exportDiff(context, { ...params, format }),
    });
  }
}
