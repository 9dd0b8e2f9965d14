import type { ServiceDefinition } from '@everflame/service-kit';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { ApiController } from './api.controller.ts';
import { DoctorController } from './doctor.controller.ts';
import { DiscoveryController } from './discovery.controller.ts';
import { FlamegraphController } from './flamegraph.controller.ts';
import { FunctionsController } from './functions.controller.ts';
import { NeighbourController, NEIGHBOURS, type Neighbours } from './neighbour.controller.ts';
import { ProfilesController } from './profiles.controller.ts';
import type { QueryInterceptor } from './query.interceptor.ts';

/** Returns what answers; `parts` are what the controllers ask for by class. */
export function apiOf(
  interceptor: QueryInterceptor,
  neighbours: Neighbours,
  parts: readonly object[],
): ServiceDefinition['api'] {
  return {
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
