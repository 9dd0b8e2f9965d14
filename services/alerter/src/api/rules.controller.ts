import { type Rule, ruleInputSchema, type RulesResponse } from '@everflame/contract';
import { validate } from '@everflame/service-kit';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { EvaluationStatuses } from '../application/ports.ts';
import { readStatuses, RuleCatalog, toRule } from '../application/rule-catalog.ts';
import type { KnownRule } from '../documents/rule-document.ts';
import { RuleRunner } from '../application/rule-runner.ts';

@Controller('api/v1/rules')
export class RulesController {
  private readonly catalog: RuleCatalog;
  private readonly runner: RuleRunner;
  private readonly statuses: EvaluationStatuses;

  constructor(
    @Inject(RuleCatalog) catalog: RuleCatalog,
    @Inject(RuleRunner) runner: RuleRunner,
    @Inject(EvaluationStatuses) statuses: EvaluationStatuses,
  ) {
    this.catalog = catalog;
    this.runner = runner;
    this.statuses = statuses;
  }

  @Get()
  async list(): Promise<RulesResponse> {
    const [rules, statuses] = await Promise.all([this.catalog.list(), readStatuses(this.statuses)]);
    return { rules: rules.map((rule) => toRule(rule, statuses)) };
  }

  @Post()
  async create(@Body() body: unknown): Promise<Rule> {
    return this.taken(await this.catalog.create(validate(ruleInputSchema, body, 'rule')));
  }

  @Put(':id')
  async replace(@Param('id') id: string, @Body() body: unknown): Promise<Rule> {
    return this.taken(await this.catalog.replace(id, validate(ruleInputSchema, body, 'rule')));
  }

  @Delete(':id')
  @HttpCode(204)
  async delete(@Param('id') id: string): Promise<void> {
    await this.runner.deleted(await this.catalog.delete(id));
  }

  private async taken(rule: KnownRule): Promise<Rule> {
    await this.runner.changed(rule);
    return toRule(rule, await readStatuses(this.statuses));
  }
}
