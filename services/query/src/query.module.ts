import { type DynamicModule, Module } from '@nestjs/common';
import { QueryContexts } from './adapters/context.ts';
import { DiscoveryController } from './adapters/discovery.controller.ts';
import { FlamegraphController } from './adapters/flamegraph.controller.ts';
import { NeighbourController, NEIGHBOURS, type Neighbours } from './adapters/neighbour.controller.ts';
import { Discovery } from './application/discovery.ts';
import { Flamegraphs } from './application/flamegraphs.ts';
import { Timelines } from './application/timelines.ts';
import { TopTables } from './application/top.ts';

/** Everything the controllers need, made by `createQuery`. */
export interface QueryParts {
  readonly contexts: QueryContexts;
  readonly discovery: Discovery;
  readonly flamegraphs: Flamegraphs;
  readonly timelines: Timelines;
  readonly topTables: TopTables;
  readonly neighbours: Neighbours;
}

@Module({})
export class QueryModule {
  static forParts(parts: QueryParts): DynamicModule {
    return {
      module: QueryModule,
      controllers: [DiscoveryController, FlamegraphController, NeighbourController],
      providers: [
        { provide: QueryContexts, useValue: parts.contexts },
        { provide: Discovery, useValue: parts.discovery },
        { provide: Flamegraphs, useValue: parts.flamegraphs },
        { provide: Timelines, useValue: parts.timelines },
        { provide: TopTables, useValue: parts.topTables },
        { provide: NEIGHBOURS, useValue: parts.neighbours },
      ],
    };
  }
}
