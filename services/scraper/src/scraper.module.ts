import { type DynamicModule, Module } from '@nestjs/common';
import { TargetsController } from './adapters/targets.controller.ts';
import { StatusBoard } from './application/status-board.ts';

@Module({})
export class ScraperModule {
  static forBoard(board: StatusBoard): DynamicModule {
    return {
      module: ScraperModule,
      controllers: [TargetsController],
      providers: [{ provide: StatusBoard, useValue: board }],
    };
  }
}
