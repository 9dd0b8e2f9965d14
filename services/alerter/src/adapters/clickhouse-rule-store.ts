import { type ClickHouse, deleteRule, listRules, saveRule } from '@everflame/storage';
import { RuleStore } from '../application/ports.ts';
import { type RuleRecord, ruleRecordSchema } from '../documents/rule-document.ts';

export class ClickHouseRuleStore extends RuleStore {
  readonly #clickhouse: ClickHouse;
  readonly #tenant: string;

  constructor(clickhouse: ClickHouse, tenant: string) {
    super();
    this.#clickhouse = clickhouse;
    this.#tenant = tenant;
  }

  async list(): Promise<readonly RuleRecord[]> {
    const documents = await listRules(this.#clickhouse, this.#tenant);
    return documents
      .map((document) => ruleRecordSchema.parse(document.body))
      .toSorted((a, b) => a.name.localeCompare(b.name, 'en') || (a.id < b.id ? -1 : 1));
  }

  async find(id: string): Promise<RuleRecord | undefined> {
    return (await this.list()).find((rule) => rule.id === id);
  }

  save(rule: RuleRecord): Promise<void> {
    return saveRule(this.#clickhouse, {
      tenant: this.#tenant,
      id: rule.id,
      version: rule.updatedAt,
      body: rule,
    });
  }

  delete(rule: RuleRecord): Promise<void> {
    return deleteRule(this.#clickhouse, { tenant: this.#tenant, id: rule.id, version: rule.updatedAt + 1 });
  }
}
