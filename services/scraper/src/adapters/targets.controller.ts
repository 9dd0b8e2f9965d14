import type { TargetsResponse } from '@everflame/contract';
import { Caller, type Principal } from '@everflame/service-kit';
import { Controller, Get } from '@nestjs/common';
import { StatusBoard } from '../application/status-board.ts';

@Controller('api/v1/targets')
export class TargetsController {
  readonly #board: StatusBoard;

  constructor(board: StatusBoard) {
    this.#board = board;
  }

  @Get()
  list(@Caller() caller: Principal): TargetsResponse {
    return this.#board.list(caller);
  }
}
