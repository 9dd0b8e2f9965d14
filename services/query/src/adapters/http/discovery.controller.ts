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
import { Caller, type Principal, validate } from '@everflame/service-kit';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { Discovery } from '../../application/answers/discovery.ts';
import { Timelines } from '../../application/answers/timelines.ts';
import { QueryContexts } from './context.ts';

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

@Controller('api/v1')
export class DiscoveryController {
  readonly #discovery: Discovery;
  readonly #timelines: Timelines;
  readonly #contexts: QueryContexts;

  constructor(
    @Inject(Discovery) discovery: Discovery,
    @Inject(Timelines) timelines: Timelines,
    @Inject(QueryContexts) contexts: QueryContexts,
  ) {
    this.#discovery = discovery;
    this.#timelines = timelines;
    this.#contexts = contexts;
  }

  @Get('profile-types')
  profileTypes(@Caller() caller: Principal, @Query() query: unknown): Promise<ProfileTypesResponse> {
    return this.#discovery.profileTypes(
      this.#contexts.of(caller),
      validate(rangeQuerySchema, query, 'query'),
    );
  }

  @Get('labels')
  labels(@Caller() caller: Principal, @Query() query: unknown): Promise<LabelNamesResponse> {
    return this.#discovery.labelNames(
      this.#contexts.of(caller),
      validate(discoveryQuerySchema, query, 'query'),
    );
  }

  @Get('labels/:name/values')
  labelValues(
    @Caller() caller: Principal,
    @Param('name') name: string,
    @Query() query: unknown,
  ): Promise<LabelValuesResponse> {
    checkLabelName(name);
    return this.#discovery.labelValues(
      this.#contexts.of(caller),
      name,
      validate(discoveryQuerySchema, query, 'query'),
    );
  }

  @Get('series')
  series(@Caller() caller: Principal, @Query() query: unknown): Promise<SeriesResponse> {
    return this.#discovery.series(this.#contexts.of(caller), validate(discoveryQuerySchema, query, 'query'));
  }

  @Get('services')
  services(@Caller() caller: Principal, @Query() query: unknown): Promise<ServicesResponse> {
    return this.#discovery.services(this.#contexts.of(caller), validate(rangeQuerySchema, query, 'query'));
  }

  @Get('timeline')
  timeline(@Caller() caller: Principal, @Query() query: unknown): Promise<TimelineResponse> {
    return this.#timelines.timeline(this.#contexts.of(caller), validate(timelineQuerySchema, query, 'query'));
  }
}
