import {
  heatmapQuerySchema,
  type HeatmapResponse,
  profileQuerySchema,
  profilesQuerySchema,
  type ProfilesResponse,
} from '@everflame/contract';
import { Caller, type Principal, principalOf, validate } from '@everflame/service-kit';
import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Heatmaps } from '../../application/answers/heatmaps.ts';
import { SingleProfiles } from '../../application/answers/single-profiles.ts';
import { encoderFor, sendTree } from './compression.ts';
import { QueryContexts } from './context.ts';
import { sendChunks, withAccept } from './replies.ts';

/** Profiles of one moment, and how they are distributed. */
@Controller('api/v1')
export class ProfilesController {
  readonly #profiles: SingleProfiles;
  readonly #heatmaps: Heatmaps;
  readonly #contexts: QueryContexts;

  constructor(
    @Inject(SingleProfiles) profiles: SingleProfiles,
    @Inject(Heatmaps) heatmaps: Heatmaps,
    @Inject(QueryContexts) contexts: QueryContexts,
  ) {
    this.#profiles = profiles;
    this.#heatmaps = heatmaps;
    this.#contexts = contexts;
  }

  @Get('profiles')
  list(@Caller() caller: Principal, @Query() query: unknown): Promise<ProfilesResponse> {
    return this.#profiles.list(this.#contexts.of(caller), validate(profilesQuerySchema, query, 'query'));
  }

  @Get('profiles/:id')
  async open(
    @Param('id') id: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = validate(profileQuerySchema, withAccept(query, request), 'query');
    const { format } = params;
    const caller = principalOf(request);
    if (format === 'json' || format === 'columns') {
      await sendTree(
        reply,
        await this.#profiles.tree(caller, id, { ...params, format }, encoderFor(request)),
      );
      return;
    }
    await sendChunks(reply, await this.#profiles.export(caller, id, { ...params, format }), format);
  }

  @Get('heatmap')
  heatmap(@Caller() caller: Principal, @Query() query: unknown): Promise<HeatmapResponse> {
    return this.#heatmaps.heatmap(this.#contexts.of(caller), validate(heatmapQuerySchema, query, 'query'));
  }
}
