import {
  discoveryQuerySchema,
  type LabelNamesResponse,
  type LabelValuesResponse,
  type ProfileTypesResponse,
  type RangeQuery,
  rangeQuerySchema,
  type SeriesResponse,
  type ServicesResponse,
  timelineQuerySchema,
  type TimelineResponse,
} from '@everflame/contract';
import { InvalidArgumentError, isLabelName, parseProfileType } from '@everflame/profile';
import { validate } from '@everflame/service-kit';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import {
  ClickHouse,
  labelNames,
  labelValues,
  profileTypes,
  resolveSeries,
  type SeriesFilter,
  services,
} from '@everflame/storage';
import type { ZodType } from 'zod';
import { answerTimeline } from '../../application/answers/timelines.ts';
import { CachedTimelines } from '../../application/cache/cached-timelines.ts';
import { parseSeriesFilter, type QueryContext } from '../../application/params/filters.ts';
import { Context } from './context.ts';

/** More than ingest takes by default. */
const MAX_LABEL_NAME_LENGTH = 1024;

function checkLabelName(name: string): void {
  if (isLabelName(name) && name.length <= MAX_LABEL_NAME_LENGTH) return;
  const reason =
    name.length > MAX_LABEL_NAME_LENGTH
      ? `it has ${name.length} characters, and at most ${MAX_LABEL_NAME_LENGTH} are allowed`
      : 'it has to start with a letter or underscore and go on with letters, digits, underscores and dots';
  throw new InvalidArgumentError(`${JSON.stringify(name.slice(0, 128))} is not a label name: ${reason}.`, {
    code: 'invalid_label',
    hint: 'GET /api/v1/labels lists the names.',
  });
}

/** What there is to ask for, and how much of it over time. */
@Controller('api/v1')
export class DiscoveryController {
  readonly #clickhouse: ClickHouse;
  readonly #timelines: CachedTimelines;

  constructor(
    @Inject(ClickHouse) clickhouse: ClickHouse,
    @Inject(CachedTimelines) timelines: CachedTimelines,
  ) {
    this.#clickhouse = clickhouse;
    this.#timelines = timelines;
  }

  @Get('profile-types')
  async profileTypes(
    @Context() context: QueryContext,
    @Query() query: unknown,
  ): Promise<ProfileTypesResponse> {
    const { filter } = this.#parse(context, rangeQuerySchema, query);
    const stored = await profileTypes(this.#clickhouse, filter);
    return { profileTypes: stored.map(({ id, kind }) => ({ ...parseProfileType(id), kind })) };
  }

  @Get('labels')
  async labels(@Context() context: QueryContext, @Query() query: unknown): Promise<LabelNamesResponse> {
    const { filter, params } = this.#parse(context, discoveryQuerySchema, query);
    const names = await labelNames(this.#clickhouse, filter);
    return { names: names.slice(0, params.limit), truncated: names.length > params.limit };
  }

  @Get('labels/:name/values')
  async labelValues(
    @Context() context: QueryContext,
    @Param('name') name: string,
    @Query() query: unknown,
  ): Promise<LabelValuesResponse> {
    checkLabelName(name);
    const { filter, params } = this.#parse(context, discoveryQuerySchema, query);
    const { items: values, truncated } = await labelValues(this.#clickhouse, filter, name, params.limit);
    return { values, truncated };
  }

  @Get('series')
  async series(@Context() context: QueryContext, @Query() query: unknown): Promise<SeriesResponse> {
    const { filter, params } = this.#parse(context, discoveryQuerySchema, query);
    const { items, truncated } = await resolveSeries(this.#clickhouse, filter, params.limit);
    return { series: items.map(({ type, kind, labels }) => ({ type, kind, labels })), truncated };
  }

  @Get('services')
  async services(@Context() context: QueryContext, @Query() query: unknown): Promise<ServicesResponse> {
    const { filter } = this.#parse(context, rangeQuerySchema, query);
    const found = await services(this.#clickhouse, filter);
    return { from: filter.fromMs, to: filter.toMs, services: found };
  }

  @Get('timeline')
  timeline(@Context() context: QueryContext, @Query() query: unknown): Promise<TimelineResponse> {
    const params = validate(timelineQuerySchema, query, 'query');
    return answerTimeline(this.#timelines, context, params);
  }

  #parse<T extends RangeQuery>(
    context: QueryContext,
    schema: ZodType<T>,
    query: unknown,
  ): { readonly filter: SeriesFilter; readonly params: T } {
    const params = validate(schema, query, 'query');
    return { filter: parseSeriesFilter(context, params), params };
  }
}
