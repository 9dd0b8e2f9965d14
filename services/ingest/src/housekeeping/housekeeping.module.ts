import { type DynamicModule, Module } from '@nestjs/common';
import { DeletionController } from './deletion.controller.ts';
import { Deletions } from './deletions.ts';

@Module({})
export class HousekeepingModule {
  static forDeletions(deletions: Deletions): DynamicModule {
    return {
      module: HousekeepingModule,
      controllers: [DeletionController],
      providers: [{ provide: Deletions, useValue: deletions }],
    };
  }
}
