import type { Authenticate } from '@everflame/service-kit';
import { type DynamicModule, Module } from '@nestjs/common';
import { AUTHENTICATE, PushController } from './push/everflame/grpc/push.controller.ts';
import { PushIntake } from './push/push-intake.ts';

/** Tells Nest which controllers ingest has and what they are given; `create-ingest.ts` makes everything else. */
@Module({})
export class IngestModule {
  static forPushes(intake: PushIntake, authenticate: Authenticate): DynamicModule {
    return {
      module: IngestModule,
      controllers: [PushController],
      providers: [
        { provide: PushIntake, useValue: intake },
        { provide: AUTHENTICATE, useValue: authenticate },
      ],
    };
  }
}
