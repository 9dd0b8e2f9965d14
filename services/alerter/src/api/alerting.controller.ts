import {
  type AlertsResponse,
  receiverChangeSchemaOf,
  receiverInputSchemaOf,
  type Rule,
  ruleInputSchema,
  type RulesResponse,
} from '@everflame/contract';
import { Caller, type Principal, validate } from '@everflame/service-kit';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { AlerterEngine } from '../alerter-engine.ts';
import { showAlert } from '../application/alert-views.ts';
import type { AnyReceiverInput } from '../application/receiver-catalog.ts';
import { readStatuses, toRule } from '../application/rule-catalog.ts';
import type { KnownRule } from '../documents/rule-document.ts';

@Controller('api/v1')
export class AlertingController {
  readonly #engine: AlerterEngine;

  constructor(@Inject(AlerterEngine) engine: AlerterEngine) {
    this.#engine = engine;
  }

  /** The newest first. */
  @Get('alerts')
  async listAlerts(@Caller() principal: Principal): Promise<AlertsResponse> {
    const alerts = await this.#engine.alerts.list(principal);
    return { alerts: alerts.map((alert) => showAlert(alert, this.#engine)) };
  }

  @Get('rules')
  async listRules(@Caller() principal: Principal): Promise<RulesResponse> {
    const { rules, statuses } = this.#engine;
    const [known, outcomes] = await Promise.all([rules.list(principal), readStatuses(principal, statuses)]);
    return { rules: known.map((rule) => toRule(rule, outcomes)) };
  }

  @Post('rules')
  async createRule(@Caller() principal: Principal, @Body() body: unknown): Promise<Rule> {
    const input = validate(ruleInputSchema, body, 'rule');
    return this.#takeUp(principal, await this.#engine.rules.create(principal, input));
  }

  @Put('rules/:id')
  async replaceRule(
    @Caller() principal: Principal,
    @Param('id') id: string,
    @Body() body: unknown,
  ): Promise<Rule> {
    const input = validate(ruleInputSchema, body, 'rule');
    return this.#takeUp(principal, await this.#engine.rules.replace(principal, id, input));
  }

  @Delete('rules/:id')
  @HttpCode(204)
  async deleteRule(@Caller() principal: Principal, @Param('id') id: string): Promise<void> {
    await this.#engine.runner.deleted(principal, await this.#engine.rules.delete(principal, id));
  }

  @Get('receivers')
  async listReceivers(@Caller() principal: Principal) {
    const { receivers } = this.#engine;
    return { receivers: (await receivers.list(principal)).map((receiver) => receivers.show(receiver)) };
  }

  @Post('receivers')
  async createReceiver(@Caller() principal: Principal, @Body() body: unknown) {
    const { receivers } = this.#engine;
    const input = validate(receiverInputSchemaOf(receivers.settings), body, 'receiver');
    return receivers.show(await receivers.create(principal, input as AnyReceiverInput));
  }

  @Put('receivers/:name')
  async replaceReceiver(@Caller() principal: Principal, @Param('name') name: string, @Body() body: unknown) {
    const { receivers } = this.#engine;
    const change = validate(receiverChangeSchemaOf(receivers.settings), body, 'receiver');
    return receivers.show(await receivers.replace(principal, name, { ...change, name } as AnyReceiverInput));
  }

  @Delete('receivers/:name')
  @HttpCode(204)
  async deleteReceiver(@Caller() principal: Principal, @Param('name') name: string): Promise<void> {
    await this.#engine.receivers.delete(principal, name);
  }

  async #takeUp(principal: Principal, rule: KnownRule): Promise<Rule> {
    await this.#engine.runner.changed(principal, rule);
    return toRule(rule, await readStatuses(principal, this.#engine.statuses));
  }
}
