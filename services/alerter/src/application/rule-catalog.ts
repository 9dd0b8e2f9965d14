import { createHash } from 'node:crypto';
import type { FileRule, Rule, RuleInput } from '@everflame/contract';
import { DomainError, LimitExceededError, NotFoundError } from '@everflame/profile';
import type { Clock } from '@everflame/service-kit';
import type { EvaluationStatus, EvaluationStatuses, RuleStore } from './ports.ts';
import { checkRule, type KnownRule, ruleInputOf, type RuleRecord } from '../documents/rule-document.ts';
import { changedWebhook, shownWebhook } from '../notifiers/webhook/webhook-address.ts';

export const MAX_RULES = 1000;

/** Every rule: those of everflame.yaml, fixed while the process runs, and those made through the API. */
export class RuleCatalog {
  readonly #fileRules: ReadonlyMap<string, KnownRule>;
  readonly #store: RuleStore;
  readonly #clock: Clock;
  readonly #newId: () => string;

  /** Throws a `DomainError` when a rule of the file cannot be evaluated; its message names the rule. */
  constructor(fileRules: readonly FileRule[], store: RuleStore, clock: Clock, newId: () => string) {
    const updatedAt = clock.now();
    this.#fileRules = new Map(
      fileRules.map((rule) => [fileRuleId(rule.name), knownFileRule(rule, updatedAt)] as const),
    );
    this.#store = store;
    this.#clock = clock;
    this.#newId = newId;
  }

  /** File rules first. */
  async list(): Promise<readonly KnownRule[]> {
    const stored = await this.#store.list();
    return [...this.#fileRules.values(), ...stored.map(fromApi)];
  }

  async find(id: string): Promise<KnownRule | undefined> {
    const fileRule = this.#fileRules.get(id);
    if (fileRule !== undefined) return fileRule;
    const stored = await this.#store.find(id);
    return stored === undefined ? undefined : fromApi(stored);
  }

  /** Throws what `checkRule` and `changedWebhook` throw, and `LimitExceededError` (`limit_rules`). */
  async create(input: RuleInput): Promise<KnownRule> {
    checkRule(input);
    const webhookUrl = changedWebhook(input.webhookUrl, undefined);
    const count = (await this.list()).length;
    if (count >= MAX_RULES) throw new LimitExceededError('rules', MAX_RULES, count + 1);
    return this.#save({ ...input, webhookUrl, id: this.#newId(), updatedAt: this.#clock.now() });
  }

  /** Throws `unknown_rule`, `rule_is_read_only`, or what `checkRule` and `changedWebhook` throw. */
  async replace(id: string, input: RuleInput): Promise<KnownRule> {
    const existing = await this.#changeable(id);
    checkRule(input);
    const webhookUrl = changedWebhook(input.webhookUrl, existing.webhookUrl);
    // The newest change has the highest time, also when clocks of alerters differ.
    const updatedAt = Math.max(this.#clock.now(), existing.updatedAt + 1);
    return this.#save({ ...input, webhookUrl, id, updatedAt });
  }

  /** Throws `unknown_rule` or `rule_is_read_only`. */
  async delete(id: string): Promise<KnownRule> {
    const existing = await this.#changeable(id);
    await this.#store.delete(existing);
    return fromApi(existing);
  }

  async #save(rule: RuleRecord): Promise<KnownRule> {
    await this.#store.save(rule);
    return fromApi(rule);
  }

  async #changeable(id: string): Promise<RuleRecord> {
    if (this.#fileRules.has(id)) {
      throw new DomainError('conflict', 'rule_is_read_only', 'This rule comes from everflame.yaml.', {
        hint: 'Change it in that file and start the alerter again.',
      });
    }
    const stored = await this.#store.find(id);
    if (stored === undefined) {
      throw new NotFoundError('unknown_rule', 'There is no such rule.', 'GET /api/v1/rules lists the rules.');
    }
    return stored;
  }
}

/** What the API shows of a rule; `statuses` undefined when they cannot be read now. */
export function toRule(rule: KnownRule, statuses: ReadonlyMap<string, EvaluationStatus> | undefined): Rule {
  const status = statuses?.get(rule.id);
  return {
    ...rule,
    webhookUrl: rule.webhookUrl === undefined ? undefined : shownWebhook(rule.webhookUrl),
    lastEvaluatedAt: status?.evaluatedAt ?? null,
    lastError: statuses === undefined ? SCHEDULER_DOWN : (status?.error ?? null),
  };
}

/** The last evaluation of every rule, or undefined when Redis does not answer. */
export async function readStatuses(
  statuses: EvaluationStatuses,
): Promise<ReadonlyMap<string, EvaluationStatus> | undefined> {
  try {
    return await statuses.all();
  } catch {
    return undefined;
  }
}

const SCHEDULER_DOWN = {
  code: 'redis_unavailable',
  message: 'Redis does not answer, so no rule is evaluated.',
};

function fileRuleId(name: string): string {
  return `file-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

function knownFileRule(rule: FileRule, updatedAt: number): KnownRule {
  const input = ruleInputOf(rule);
  try {
    checkRule(input);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw new DomainError(error.kind, error.code, `Rule "${rule.name}" of everflame.yaml: ${error.message}`, {
      hint: error.hint,
      cause: error,
    });
  }
  return { ...input, webhookUrl: rule.webhook_url, id: fileRuleId(rule.name), updatedAt, source: 'file' };
}

function fromApi(rule: RuleRecord): KnownRule {
  return { ...rule, source: 'api' };
}
