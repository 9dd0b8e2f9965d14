import { type DynamicModule, Module } from '@nestjs/common';
import { PushController, TENANT } from './push/everflame/grpc/push.controller.ts';
import { PushDoor } from './push/push-intake.ts';

@Module({})
export class IngestModule {
  static forDoor(door: PushDoor, tenant: string): DynamicModule {
    return {
      module: IngestModule,
      controllers: [PushController],
      providers: [
        { provide: PushDoor, useValue: door },
        { provide: TENANT, useValue: tenant },
      ],
    };
  }
}
