import { type DynamicModule, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { ApiController } from './adapters/http/api.controller.ts';
import { DoctorController } from './adapters/http/doctor.controller.ts';
import { DiscoveryController } from './adapters/http/discovery.controller.ts';
import { FlamegraphController } from './adapters/http/flamegraph.controller.ts';
import { FunctionsController } from './adapters/http/functions.controller.ts';
import { NeighbourController, NEIGHBOURS, type Neighbours } from './adapters/http/neighbour.controller.ts';
import { ProfilesController } from './adapters/http/profiles.controller.ts';
import type { QueryInterceptor } from './adapters/http/query.interceptor.ts';

@Module({})
export class QueryModule {
  /** `parts` are what the controllers ask for by class. */
  static forParts(
    interceptor: QueryInterceptor,
    neighbours: Neighbours,
    parts: readonly object[],
  ): DynamicModule {
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
        { provide: APP_INTERCEPTOR, useValue: interceptor },
        { provide: NEIGHBOURS, useValue: neighbours },
        ...parts.map((part) => ({ provide: part.constructor, useValue: part })),
      ],
    };
  }
}
