import type { AlertsResponse } from '@everflame/contract';
import { Controller, Get, Inject } from '@nestjs/common';
import { toAlert } from '../documents/alert-document.ts';
import { AlertStore } from '../application/ports.ts';

@Controller('api/v1/alerts')
export class AlertsController {
  private readonly alerts: AlertStore;

  constructor(@Inject(AlertStore) alerts: AlertStore) {
    this.alerts = alerts;
  }

  /** The newest first. */
  @Get()
  async list(): Promise<AlertsResponse> {
    return { alerts: (await this.alerts.list()).map(toAlert) };
  }
}
