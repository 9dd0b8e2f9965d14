import {
  discoveryQuerySchema,
  type LabelNamesResponse,
  type LabelValuesResponse,
  type ProfileTypesResponse,
  rangeQuerySchema,
  type SeriesResponse,
  type ServicesResponse,
  timelineQuerySchema,
  type TimelineResponse,
} from '@everflame/contract';
import { InvalidArgumentError, isLabelName } from '@everflame/profile';
import { validate } from '@everflame/service-kit';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { Discovery } from '../application/discovery.ts';
import { Timelines } from '../application/timelines.ts';
import { QueryContexts } from './context.ts';

@Controller('api/v1')
export class DiscoveryController {
  private readonly discovery: Discovery;
  private readonly timelines: Timelines;
  private readonly contexts: QueryContexts;

  constructor(
    @Inject(Discovery) discovery: Discovery,
    @Inject(Timelines) timelines: Timelines,
    @Inject(QueryContexts) contexts: QueryContexts,
  ) {
    this.discovery = discovery;
    this.timelines = timelines;
    this.contexts = contexts;
  }

  @Get('profile-types')
  profileTypes(@Query() query: unknown): Promise<ProfileTypesResponse> {
    return this.discovery.profileTypes(validate(rangeQuerySchema, query, 'query'), this.contexts.current());
  }

  @Get('labels')
  labels(@Query() query: unknown): Promise<LabelNamesResponse> {
    return this.discovery.labelNames(validate(discoveryQuerySchema, query, 'query'), this.contexts.current());
  }

  @Get('labels/:name/values')
  labelValues(@Param('name') name: string, @Query() query: unknown): Promise<LabelValuesResponse> {
    if (!isLabelName(name)) {
      throw new InvalidArgumentError(`"${name.slice(0, 128)}" is not a label name.`, {
        code: 'invalid_label',
      });
    }
    return this.discovery.labelValues(
      name,
      validate(discoveryQuerySchema, query, 'query'),
      this.contexts.current(),
    );
  }

  @Get('series')
  series(@Query() query: unknown): Promise<SeriesResponse> {
    return this.discovery.series(validate(discoveryQuerySchema, query, 'query'), this.contexts.current());
  }

  @Get('services')
  services(@Query() query: unknown): Promise<ServicesResponse> {
    return this.discovery.services(validate(rangeQuerySchema, query, 'query'), this.contexts.current());
  }

  @Get('timeline')
  timeline(@Query() query: unknown): Promise<TimelineResponse> {
    return this.timelines.timeline(validate(timelineQuerySchema, query, 'query'), this.contexts.current());
  }
}
