import { type DynamicModule, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { ApiController } from './adapters/http/api.controller.ts';
import { QueryContexts } from './adapters/http/context.ts';
import { DoctorController } from './adapters/http/doctor.controller.ts';
import { DiscoveryController } from './adapters/http/discovery.controller.ts';
import { FlamegraphController } from './adapters/http/flamegraph.controller.ts';
import { FunctionsController } from './adapters/http/functions.controller.ts';
import { NeighbourController, NEIGHBOURS, type Neighbours } from './adapters/http/neighbour.controller.ts';
import { ProfilesController } from './adapters/http/profiles.controller.ts';
import { QueryInterceptor } from './adapters/http/query.interceptor.ts';
import type { Admission } from './application/admission.ts';
import type { QueryMetrics } from './adapters/metrics.ts';
import { Doctor } from './application/answers/doctor.ts';
import { Discovery } from './application/answers/discovery.ts';
import { Explanations } from './application/answers/explanations.ts';
import { Flamegraphs } from './application/answers/flamegraphs.ts';
import { Heatmaps } from './application/answers/heatmaps.ts';
import { Sandwiches } from './application/answers/sandwiches.ts';
import { SingleProfiles } from './application/answers/single-profiles.ts';
import { Timelines } from './application/answers/timelines.ts';
import { TopTables } from './application/answers/top-tables.ts';

/** Everything the controllers need, made by `createQuery`. */
export interface QueryParts {
  readonly admission: Admission;
  readonly metrics: QueryMetrics;
  readonly contexts: QueryContexts;
  readonly doctor: Doctor;
  readonly discovery: Discovery;
  readonly flamegraphs: Flamegraphs;
  readonly explanations: Explanations;
  readonly heatmaps: Heatmaps;
  readonly profiles: SingleProfiles;
  readonly sandwiches: Sandwiches;
  readonly timelines: Timelines;
  readonly topTables: TopTables;
  readonly neighbours: Neighbours;
}

@Module({})
export class QueryModule {
  static forParts(parts: QueryParts): DynamicModule {
    return {
      module: QueryModule,
      controllers: [
        DoctorController,
        DiscoveryController,
        FlamegraphController,
        FunctionsController,
        ProfilesController,
        NeighbourController,
        ApiController,
      ],
      providers: [
        { provide: APP_INTERCEPTOR, useValue: new QueryInterceptor(parts.admission, parts.metrics) },
        { provide: QueryContexts, useValue: parts.contexts },
        { provide: Doctor, useValue: parts.doctor },
        { provide: Discovery, useValue: parts.discovery },
        { provide: Flamegraphs, useValue: parts.flamegraphs },
        { provide: Explanations, useValue: parts.explanations },
        { provide: Heatmaps, useValue: parts.heatmaps },
        { provide: SingleProfiles, useValue: parts.profiles },
        { provide: Sandwiches, useValue: parts.sandwiches },
        { provide: Timelines, useValue: parts.timelines },
        { provide: TopTables, useValue: parts.topTables },
        { provide: NEIGHBOURS, useValue: parts.neighbours },
      ],
    };
  }
}
