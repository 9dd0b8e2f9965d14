import type { AlertsResponse } from '@everflame/contract';
import { Caller, type Principal } from '@everflame/service-kit';
import { Controller, Get, Inject } from '@nestjs/common';
import { AlertViews } from '../application/alert-views.ts';

@Controller('api/v1/alerts')
export class AlertsController {
  readonly #views: AlertViews;

  constructor(@Inject(AlertViews) views: AlertViews) {
    this.#views = views;
  }

  /** The newest first. */
  @Get()
  async list(@Caller() principal: Principal): Promise<AlertsResponse> {
    return { alerts: await this.#views.list(principal) };
  }
}
