import { type DynamicModule, Module } from '@nestjs/common';
import { AlerterEngine } from './alerter-engine.ts';
import { AlertsController } from './api/alerts.controller.ts';
import { ReceiversController } from './api/receivers.controller.ts';
import { RulesController } from './api/rules.controller.ts';
import { AlertViews } from './application/alert-views.ts';
import { EvaluationStatuses } from './application/ports.ts';
import { ReceiverCatalog } from './application/receiver-catalog.ts';
import { RuleCatalog } from './application/rule-catalog.ts';
import { RuleRunner } from './application/rule-runner.ts';

@Module({})
export class AlerterModule {
  static forEngine(engine: AlerterEngine): DynamicModule {
    return {
      module: AlerterModule,
      controllers: [RulesController, AlertsController, ReceiversController],
      providers: [
        { provide: RuleCatalog, useValue: engine.rules },
        { provide: ReceiverCatalog, useValue: engine.receivers },
        { provide: RuleRunner, useValue: engine.runner },
        { provide: EvaluationStatuses, useValue: engine.statuses },
        { provide: AlertViews, useValue: engine.views },
      ],
    };
  }
}
