import {
  heatmapQuerySchema,
  type HeatmapResponse,
  profileQuerySchema,
  profilesQuerySchema,
  type ProfilesResponse,
} from '@everflame/contract';
import { principalOf, validate } from '@everflame/service-kit';
import { ClickHouse } from '@everflame/storage';
import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerHeatmap } from '../../application/answers/heatmaps.ts';
import { SingleProfiles } from '../../application/answers/single-profiles.ts';
import type { QueryContext } from '../../application/params/filters.ts';
import { Context } from './context.ts';
import { sendTreeOrFile, withAccept } from './replies.ts';

/** Profiles of one moment, and how they are distributed. */
@Controller('api/v1')
export class ProfilesController {
  readonly #profiles: SingleProfiles;
  readonly #clickhouse: ClickHouse;

  constructor(@Inject(SingleProfiles) profiles: SingleProfiles, @Inject(ClickHouse) clickhouse: ClickHouse) {
    this.#profiles = profiles;
    this.#clickhouse = clickhouse;
  }

  @Get('profiles')
  list(@Context() context: QueryContext, @Query() query: unknown): Promise<ProfilesResponse> {
    return this.#profiles.list(context, validate(profilesQuerySchema, query, 'query'));
  }

  @Get('profiles/:id')
  async open(
    @Param('id') id: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const params = validate(profileQuerySchema, withAccept(query, request), 'query');
    const caller = principalOf(request);
    await sendTreeOrFile(reply, params.format, {
      tree: (format, encoder) => this.#profiles.tree(caller, id, { ...params, format }, encoder),
      file: (format) => this.#profiles.export(caller, id, { ...params, format }),
    });
  }

  @Get('heatmap')
  heatmap(@Context() context: QueryContext, @Query() query: unknown): Promise<HeatmapResponse> {
    const params = validate(heatmapQuerySchema, query, 'query');
    return answerHeatmap(this.#clickhouse, context, params);
  }
}
