import {
  heatmapQuerySchema,
  type HeatmapResponse,
  profileQuerySchema,
  profilesQuerySchema,
  type ProfilesResponse,
} from '@everflame/contract';
import { validate } from '@everflame/service-kit';
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
  private readonly profiles: SingleProfiles;
  private readonly heatmaps: Heatmaps;
  private readonly contexts: QueryContexts;

  constructor(
    @Inject(SingleProfiles) profiles: SingleProfiles,
    @Inject(Heatmaps) heatmaps: Heatmaps,
    @Inject(QueryContexts) contexts: QueryContexts,
  ) {
    this.profiles = profiles;
    this.heatmaps = heatmaps;
    this.contexts = contexts;
  }

  @Get('profiles')
  list(@Query() query: unknown): Promise<ProfilesResponse> {
    return this.profiles.list(validate(profilesQuerySchema, query, 'query'), this.contexts.current());
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
    const context = this.contexts.current();
    if (format === 'json' || format === 'columns') {
      await sendTree(
        reply,
        await this.profiles.tree(id, { ...params, format }, context, encoderFor(request)),
      );
      return;
    }
    await sendChunks(reply, await this.profiles.export(id, { ...params, format }, context), format);
  }

  @Get('heatmap')
  heatmap(@Query() query: unknown): Promise<HeatmapResponse> {
    return this.heatmaps.heatmap(validate(heatmapQuerySchema, query, 'query'), this.contexts.current());
  }
}
