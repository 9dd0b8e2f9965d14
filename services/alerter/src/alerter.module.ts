import { type DynamicModule, Module } from '@nestjs/common';
import { AlertsController } from './api/alerts.controller.ts';
import { RulesController } from './api/rules.controller.ts';
import { AlertStore, EvaluationStatuses } from './application/ports.ts';
import { RuleCatalog } from './application/rule-catalog.ts';
import { RuleRunner } from './application/rule-runner.ts';

/** Everything the controllers need, made by `createAlerter`. */
export interface AlerterParts {
  readonly catalog: RuleCatalog;
  readonly runner: RuleRunner;
  readonly statuses: EvaluationStatuses;
  readonly alerts: AlertStore;
}

@Module({})
export class AlerterModule {
  static forParts(parts: AlerterParts): DynamicModule {
    return {
      module: AlerterModule,
      controllers: [RulesController, AlertsController],
      providers: [
        { provide: RuleCatalog, useValue: parts.catalog },
        { provide: RuleRunner, useValue: parts.runner },
        { provide: EvaluationStatuses, useValue: parts.statuses },
        { provide: AlertStore, useValue: parts.alerts },
      ],
    };
  }
}
