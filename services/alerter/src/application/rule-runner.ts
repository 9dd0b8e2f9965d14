import type { Clock, Logger } from '@everflame/service-kit';
import type { EvaluationOutcome, RuleEvaluator } from './evaluate-rule.ts';
import type { AlertStore, EvaluationStatuses, RuleSchedule } from './ports.ts';
import { RuleCatalog } from './rule-catalog.ts';
import type { KnownRule } from './rule-record.ts';

const MAX_RESOLVED = 500;
const KEEP_RESOLVED_MS = 30 * 86_400_000;

/** Keeps what runs in step with the rules that exist. */
export class RuleRunner {
  readonly #catalog: RuleCatalog;
  readonly #evaluator: RuleEvaluator;
  readonly #schedule: RuleSchedule;
  readonly #statuses: EvaluationStatuses;
  readonly #alerts: AlertStore;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(parts: {
    catalog: RuleCatalog;
    evaluator: RuleEvaluator;
    schedule: RuleSchedule;
    statuses: EvaluationStatuses;
    alerts: AlertStore;
    clock: Clock;
    logger: Logger;
  }) {
    this.#catalog = parts.catalog;
    this.#evaluator = parts.evaluator;
    this.#schedule = parts.schedule;
    this.#statuses = parts.statuses;
    this.#alerts = parts.alerts;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
  }

  /** Evaluates the rule as it is now; one that is gone or off is taken off the schedule instead. */
  async run(ruleId: string): Promise<EvaluationOutcome | 'not_a_rule'> {
    const rule = await this.#catalog.find(ruleId);
    if (rule?.enabled === true) return this.#evaluator.evaluate(rule);
    // A file rule that this process does not know may be another alerter's.
    if (rule !== undefined || !RuleCatalog.isFileRuleId(ruleId)) await this.#schedule.remove(ruleId);
    return 'not_a_rule';
  }

  /** Takes up a rule that was made or changed. A failure is left to the next `reconcile`. */
  async changed(rule: KnownRule): Promise<void> {
    await this.#attempt(rule.id, async () => {
      await this.#schedule.set(rule);
      if (!rule.enabled) await this.#evaluator.close(rule);
    });
  }

  async deleted(rule: KnownRule): Promise<void> {
    await this.#attempt(rule.id, async () => {
      await this.#schedule.remove(rule.id);
      await this.#evaluator.close(rule);
      await this.#statuses.delete(rule.id);
    });
  }

  /** Schedules what the rules say, ends alerts that no rule stands behind, forgets old ones. Safe to repeat. */
  async reconcile(): Promise<void> {
    const rules = await this.#catalog.list();
    await this.#schedule.reconcile(rules);
    const enabled = new Set(rules.filter((rule) => rule.enabled).map((rule) => rule.id));
    const alerts = await this.#alerts.list();
    const orphaned = alerts.filter((alert) => alert.state !== 'resolved' && !enabled.has(alert.ruleId));
    for (const id of new Set(orphaned.map((alert) => alert.ruleId))) await this.#evaluator.close({ id });
    const resolved = alerts.filter((alert) => alert.state === 'resolved');
    const oldest = this.#clock.now() - KEEP_RESOLVED_MS;
    const expired = resolved.filter(
      (alert, index) => index >= MAX_RESOLVED || (alert.resolvedAt ?? 0) < oldest,
    );
    for (const alert of expired) await this.#alerts.delete(alert);
  }

  async #attempt(ruleId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#logger.warn({ err: error, ruleId }, 'rule change will take effect later');
    }
  }
}
