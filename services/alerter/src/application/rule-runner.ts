import { DomainError } from '@everflame/profile';
import type { Clock, Logger, Principal } from '@everflame/service-kit';
import type { EvaluationOutcome, RuleEvaluator } from './evaluate-rule.ts';
import type { AlertStore, EvaluationStatuses, RuleSchedule } from './ports.ts';
import type { RuleCatalog } from './rule-catalog.ts';
import type { KnownRule } from '../documents/rule-document.ts';

const MAX_RESOLVED = 500;
const KEEP_RESOLVED_MS = 30 * 86_400_000;

export interface RunnerParts {
  readonly catalog: RuleCatalog;
  readonly evaluator: RuleEvaluator;
  readonly schedule: RuleSchedule;
  readonly statuses: EvaluationStatuses;
  readonly alerts: AlertStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps what runs in step with the rules that exist. */
export class RuleRunner {
  readonly #parts: RunnerParts;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  /** Evaluates the rule as it is now; one that is gone or off is taken off the schedule instead. */
  async run(principal: Principal, ruleId: string): Promise<EvaluationOutcome | 'not_a_rule'> {
    const { evaluator, schedule } = this.#parts;
    const rule = await this.#find(principal, ruleId);
    if (rule === 'unknown') return 'error';
    if (rule?.enabled === true) return evaluator.evaluate(principal, rule);
    await schedule.remove(principal, ruleId);
    return 'not_a_rule';
  }

  /** Takes up a rule that was made or changed. A failure is left to the next `reconcile`. */
  async changed(principal: Principal, rule: KnownRule): Promise<void> {
    await this.#attempt(rule.id, async () => {
      await this.#parts.schedule.set(principal, rule);
      if (!rule.enabled) await this.#parts.evaluator.close(principal, rule);
    });
  }

  async deleted(principal: Principal, rule: KnownRule): Promise<void> {
    await this.#attempt(rule.id, async () => {
      await this.#parts.schedule.remove(principal, rule.id);
      await this.#parts.evaluator.close(principal, rule);
      await this.#parts.statuses.delete(principal, rule.id);
    });
  }

  /** Schedules what the rules say, ends alerts that no rule stands behind, forgets old ones. Safe to repeat. */
  async reconcile(principal: Principal): Promise<void> {
    const { catalog, schedule, evaluator, alerts, clock } = this.#parts;
    const rules = await catalog.list(principal);
    await schedule.reconcile(principal, rules);
    const enabled = new Set(rules.filter((rule) => rule.enabled).map((rule) => rule.id));
    const known = await alerts.list(principal);
    const orphaned = known.filter((alert) => alert.state !== 'resolved' && !enabled.has(alert.ruleId));
    for (const id of new Set(orphaned.map((alert) => alert.ruleId))) await evaluator.close(principal, { id });
    const oldest = clock.now() - KEEP_RESOLVED_MS;
    const expired = known
      .filter((alert) => alert.state === 'resolved')
      .filter((alert, index) => index >= MAX_RESOLVED || (alert.resolvedAt ?? 0) < oldest);
    for (const alert of expired) await alerts.delete(principal, alert);
  }

  /** `unknown` when the rule cannot be read now; that is recorded as what its evaluation came to. */
  async #find(principal: Principal, ruleId: string): Promise<KnownRule | 'unknown' | undefined> {
    const { catalog, statuses, clock, logger } = this.#parts;
    try {
      return await catalog.find(principal, ruleId);
    } catch (error) {
      logger.warn({ err: error, ruleId }, 'rule could not be read');
      const failure =
        error instanceof DomainError
          ? { code: error.code, message: error.message }
          : { code: 'internal', message: 'The rule could not be read; the log has the cause.' };
      await statuses.save(principal, ruleId, { evaluatedAt: clock.now(), error: failure });
      return 'unknown';
    }
  }

  async #attempt(ruleId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#parts.logger.warn({ err: error, ruleId }, 'rule change will take effect later');
    }
  }
}
