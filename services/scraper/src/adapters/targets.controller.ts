import type { TargetsResponse } from '@everflame/contract';
import { Controller, Get } from '@nestjs/common';
import { StatusBoard } from '../application/status-board.ts';

@Controller('api/v1/targets')
export class TargetsController {
  private readonly board: StatusBoard;

  constructor(board: StatusBoard) {
    this.board = board;
  }

  @Get()
  list(): TargetsResponse {
    return this.board.list();
  }
}
