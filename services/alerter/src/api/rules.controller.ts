import { type Rule, ruleInputSchema, type RulesResponse } from '@everflame/contract';
import { Caller, type Principal, validate } from '@everflame/service-kit';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { EvaluationStatuses } from '../application/ports.ts';
import { readStatuses, RuleCatalog, toRule } from '../application/rule-catalog.ts';
import { RuleRunner } from '../application/rule-runner.ts';
import type { KnownRule } from '../documents/rule-document.ts';

@Controller('api/v1/rules')
export class RulesController {
  readonly #catalog: RuleCatalog;
  readonly #runner: RuleRunner;
  readonly #statuses: EvaluationStatuses;

  constructor(
    @Inject(RuleCatalog) catalog: RuleCatalog,
    @Inject(RuleRunner) runner: RuleRunner,
    @Inject(EvaluationStatuses) statuses: EvaluationStatuses,
  ) {
    this.#catalog = catalog;
    this.#runner = runner;
    this.#statuses = statuses;
  }

  @Get()
  async list(@Caller() principal: Principal): Promise<RulesResponse> {
    const [rules, statuses] = await Promise.all([
      this.#catalog.list(principal),
      readStatuses(principal, this.#statuses),
    ]);
    return { rules: rules.map((rule) => toRule(rule, statuses)) };
  }

  @Post()
  async create(@Caller() principal: Principal, @Body() body: unknown): Promise<Rule> {
    const input = validate(ruleInputSchema, body, 'rule');
    return this.#takeUp(principal, await this.#catalog.create(principal, input));
  }

  @Put(':id')
  async replace(
    @Caller() principal: Principal,
    @Param('id') id: string,
    @Body() body: unknown,
  ): Promise<Rule> {
    const input = validate(ruleInputSchema, body, 'rule');
    return this.#takeUp(principal, await this.#catalog.replace(principal, id, input));
  }

  @Delete(':id')
  @HttpCode(204)
  async delete(@Caller() principal: Principal, @Param('id') id: string): Promise<void> {
    await this.#runner.deleted(principal, await this.#catalog.delete(principal, id));
  }

  async #takeUp(principal: Principal, rule: KnownRule): Promise<Rule> {
    await this.#runner.changed(principal, rule);
    return toRule(rule, await readStatuses(principal, this.#statuses));
  }
}
