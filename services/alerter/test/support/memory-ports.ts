import { NOTIFIER_SETTINGS } from '@everflame/contract';
import type { Principal } from '@everflame/service-kit';
import {
  type DocumentStore,
  type EvaluationStatus,
  type EvaluationStatuses,
  type NotificationKey,
  type NotificationQueue,
  type RuleLock,
  type RuleSchedule,
  type RuleTurn,
} from '../../src/application/ports.ts';
import type { KnownRule } from '../../src/documents/rule-document.ts';
import type { DocumentForm } from '../../src/documents/versioned-document.ts';
import type { Notice, Notifier } from '../../src/notifiers/notifier.ts';
import {
  type Comparison,
  type GaugeRange,
  type GrowthExplainer,
  type GrownFunction,
  type SeriesGroup,
  type SeriesReader,
} from '../../src/rules/growth/growth-ports.ts';

export class MemoryDocuments<T> implements DocumentStore<T> {
  readonly #documents = new Map<string, T>();
  readonly #form: DocumentForm<T>;

  constructor(form: DocumentForm<T>) {
    this.#form = form;
  }

  list({ tenant }: Principal): Promise<readonly T[]> {
    const own = [...this.#documents].filter(([key]) => key.startsWith(`${tenant} `));
    return Promise.resolve(own.map(([, document]) => document).toSorted(this.#form.compare));
  }

  find(principal: Principal, id: string): Promise<T | undefined> {
    return Promise.resolve(this.#documents.get(`${principal.tenant} ${id}`));
  }

  save(principal: Principal, document: T): Promise<void> {
    this.#documents.set(`${principal.tenant} ${this.#form.idOf(document)}`, document);
    return Promise.resolve();
  }

  delete(principal: Principal, document: T): Promise<void> {
    this.#documents.delete(`${principal.tenant} ${this.#form.idOf(document)}`);
    return Promise.resolve();
  }
}

export class MemorySeriesReader implements SeriesReader {
  groups: readonly SeriesGroup[] = [];
  failure: Error | undefined;
  readonly asked: GaugeRange[] = [];

  read(_: Principal, range: GaugeRange): Promise<readonly SeriesGroup[]> {
    this.asked.push(range);
    return this.failure === undefined ? Promise.resolve(this.groups) : Promise.reject(this.failure);
  }
}

export class MemoryGrowthExplainer implements GrowthExplainer {
  functions: readonly GrownFunction[] = [];
  failure: Error | undefined;
  readonly asked: Comparison[] = [];

  explain(_: Principal, comparison: Comparison): Promise<readonly GrownFunction[]> {
    this.asked.push(comparison);
    return this.failure === undefined ? Promise.resolve(this.functions) : Promise.reject(this.failure);
  }
}

/** Takes what a webhook takes, and remembers it. */
export class MemoryNotifier implements Notifier<{ url: string }> {
  readonly settings = NOTIFIER_SETTINGS.webhook;
  failure: Error | undefined;
  readonly sent: { url: string; notice: Notice }[] = [];

  send(notice: Notice, { url }: { url: string }): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.sent.push({ url, notice });
    return Promise.resolve();
  }

  show(): { url: string } {
    return { url: '…' };
  }

  change(given: { url: string }): { url: string } {
    return given;
  }
}

export class MemoryNotificationQueue implements NotificationQueue {
  readonly queued: NotificationKey[] = [];

  add(_: Principal, notification: NotificationKey): Promise<void> {
    const key = JSON.stringify(notification);
    if (this.queued.every((one) => JSON.stringify(one) !== key)) this.queued.push(notification);
    return Promise.resolve();
  }
}

export class MemoryEvaluationStatuses implements EvaluationStatuses {
  readonly #statuses = new Map<string, EvaluationStatus>();

  all(): Promise<ReadonlyMap<string, EvaluationStatus>> {
    return Promise.resolve(this.#statuses);
  }

  save(_: Principal, ruleId: string, status: EvaluationStatus): Promise<void> {
    this.#statuses.set(ruleId, status);
    return Promise.resolve();
  }

  delete(_: Principal, ruleId: string): Promise<void> {
    this.#statuses.delete(ruleId);
    return Promise.resolve();
  }
}

export class MemoryRuleSchedule implements RuleSchedule {
  readonly everyMs = new Map<string, number>();

  set(_: Principal, rule: KnownRule): Promise<void> {
    if (rule.enabled) this.everyMs.set(rule.id, rule.evaluateEveryMs);
    else this.everyMs.delete(rule.id);
    return Promise.resolve();
  }

  remove(_: Principal, ruleId: string): Promise<void> {
    this.everyMs.delete(ruleId);
    return Promise.resolve();
  }

  async reconcile(principal: Principal, rules: readonly KnownRule[]): Promise<void> {
    this.everyMs.clear();
    for (const rule of rules) await this.set(principal, rule);
  }
}

export class MemoryRuleLock implements RuleLock {
  readonly held = new Set<string>();

  async run<T>(_: Principal, { ruleId }: RuleTurn, work: () => Promise<T>): Promise<T | undefined> {
    if (this.held.has(ruleId)) return undefined;
    this.held.add(ruleId);
    try {
      return await work();
    } finally {
      this.held.delete(ruleId);
    }
  }
}
