import { diffQuerySchema, flamegraphQuerySchema } from '@everflame/contract';
import { Caller, type Principal, validate } from '@everflame/service-kit';
import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Flamegraphs } from '../../application/answers/flamegraphs.ts';
import { QueryContexts } from './context.ts';
import { sendChunks, sendTreeOrFile, withAccept } from './replies.ts';

/** Call trees. */
@Controller('api/v1')
export class FlamegraphController {
  readonly #flamegraphs: Flamegraphs;
  readonly #contexts: QueryContexts;

  constructor(@Inject(Flamegraphs) flamegraphs: Flamegraphs, @Inject(QueryContexts) contexts: QueryContexts) {
    this.#flamegraphs = flamegraphs;
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
    const context = this.#contexts.of(caller);
    await sendTreeOrFile(reply, params.format, {
      tree: (format, encoder) => this.#flamegraphs.tree(context, { ...params, format }, encoder),
      file: (format) => this.#flamegraphs.export(context, { ...params, format }),
    });
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
    const context = this.#contexts.of(caller);
    await sendTreeOrFile(reply, params.format, {
      tree: (format, encoder) => this.#flamegraphs.tree(context, { ...params, format }, encoder),
      file: (format) => this.#flamegraphs.exportDiff(context, { ...params, format }),
    });
  }
}
