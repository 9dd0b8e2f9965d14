import type { WebhookPayload } from '@everflame/contract';
import type { AlertRecord, Transition } from '../../src/documents/alert-document.ts';
import type { SeriesGroup } from '../../src/rules/growth/gauge-series.ts';
import {
  AlertStore,
  type Comparison,
  type EvaluationStatus,
  EvaluationStatuses,
  type GaugeRange,
  GrowthExplainer,
  type GrownFunction,
  NotificationQueue,
  Notifier,
  RuleLock,
  RuleSchedule,
  RuleStore,
  SeriesReader,
} from '../../src/application/ports.ts';
import type { KnownRule, RuleRecord } from '../../src/documents/rule-document.ts';

export class MemoryRuleStore extends RuleStore {
  readonly #rules = new Map<string, RuleRecord>();

  list(): Promise<readonly RuleRecord[]> {
    return Promise.resolve(
      [...this.#rules.values()].toSorted(
        (a, b) => a.name.localeCompare(b.name, 'en') || (a.id < b.id ? -1 : 1),
      ),
    );
  }

  find(id: string): Promise<RuleRecord | undefined> {
    return Promise.resolve(this.#rules.get(id));
  }

  save(rule: RuleRecord): Promise<void> {
    this.#rules.set(rule.id, rule);
    return Promise.resolve();
  }

  delete(rule: RuleRecord): Promise<void> {
    this.#rules.delete(rule.id);
    return Promise.resolve();
  }
}

export class MemoryAlertStore extends AlertStore {
  readonly #records = new Map<string, AlertRecord>();

  list(): Promise<readonly AlertRecord[]> {
    return Promise.resolve(
      [...this.#records.values()].toSorted((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? -1 : 1)),
    );
  }

  find(id: string): Promise<AlertRecord | undefined> {
    return Promise.resolve(this.#records.get(id));
  }

  save(record: AlertRecord): Promise<void> {
    this.#records.set(record.id, record);
    return Promise.resolve();
  }

  delete(record: AlertRecord): Promise<void> {
    this.#records.delete(record.id);
    return Promise.resolve();
  }
}

export class MemorySeriesReader extends SeriesReader {
  groups: readonly SeriesGroup[] = [];
  failure: Error | undefined;
  readonly asked: GaugeRange[] = [];

  read(range: GaugeRange): Promise<readonly SeriesGroup[]> {
    this.asked.push(range);
    return this.failure === undefined ? Promise.resolve(this.groups) : Promise.reject(this.failure);
  }
}

export class MemoryGrowthExplainer extends GrowthExplainer {
  functions: readonly GrownFunction[] = [];
  failure: Error | undefined;
  readonly asked: Comparison[] = [];

  explain(comparison: Comparison): Promise<readonly GrownFunction[]> {
    this.asked.push(comparison);
    return this.failure === undefined ? Promise.resolve(this.functions) : Promise.reject(this.failure);
  }
}

export class MemoryNotifier extends Notifier {
  failure: Error | undefined;
  readonly sent: { url: string; payload: WebhookPayload }[] = [];

  send(url: string, payload: WebhookPayload): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.sent.push({ url, payload });
    return Promise.resolve();
  }
}

export class MemoryNotificationQueue extends NotificationQueue {
  readonly queued: { alertId: string; transition: Transition }[] = [];

  add(alertId: string, transition: Transition): Promise<void> {
    const isNew = this.queued.every((one) => one.alertId !== alertId || one.transition !== transition);
    if (isNew) this.queued.push({ alertId, transition });
    return Promise.resolve();
  }
}

export class MemoryEvaluationStatuses extends EvaluationStatuses {
  readonly #statuses = new Map<string, EvaluationStatus>();

  all(): Promise<ReadonlyMap<string, EvaluationStatus>> {
    return Promise.resolve(this.#statuses);
  }

  save(ruleId: string, status: EvaluationStatus): Promise<void> {
    this.#statuses.set(ruleId, status);
    return Promise.resolve();
  }

  delete(ruleId: string): Promise<void> {
    this.#statuses.delete(ruleId);
    return Promise.resolve();
  }
}

export class MemoryRuleSchedule extends RuleSchedule {
  readonly everyMs = new Map<string, number>();

  set(rule: KnownRule): Promise<void> {
    if (rule.enabled) this.everyMs.set(rule.id, rule.evaluateEveryMs);
    else this.everyMs.delete(rule.id);
    return Promise.resolve();
  }

  remove(ruleId: string): Promise<void> {
    this.everyMs.delete(ruleId);
    return Promise.resolve();
  }

  async reconcile(rules: readonly KnownRule[]): Promise<void> {
    this.everyMs.clear();
    for (const rule of rules) await this.set(rule);
  }
}

export class MemoryRuleLock extends RuleLock {
  readonly held = new Set<string>();

  async run<T>(ruleId: string, _waitMs: number, work: () => Promise<T>): Promise<T | undefined> {
    if (this.held.has(ruleId)) return undefined;
    this.held.add(ruleId);
    try {
      return await work();
    } finally {
      this.held.delete(ruleId);
    }
  }
}
