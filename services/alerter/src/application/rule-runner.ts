import { DomainError } from '@everflame/profile';
import type { Clock, Logger, Principal } from '@everflame/service-kit';
import { type AlertDocument, type Delivery, isUnsettled, labelsKey } from '../documents/alert-document.ts';
import type { KnownRule } from '../documents/rule-document.ts';
import type { RuleKind, RuleKinds } from '../rules/rule-kind.ts';
import { kindOf } from '../rules/rule-kinds.ts';
import { type AlertContext, type AlertStep, nextAlert, resolve } from './alert-lifecycle.ts';
import { queueDue } from './deliver-notification.ts';
import type {
  AlertStore,
  EvaluationStatus,
  EvaluationStatuses,
  NotificationQueue,
  RuleLock,
  RuleSchedule,
} from './ports.ts';
import type { ReceiverCatalog } from './receiver-catalog.ts';
import type { RuleCatalog } from './rule-catalog.ts';

const SAVES_PER_LOOKBACK = 20;
const MAX_SAVE_EVERY_MS = 10_000;
const CLOSE_WAIT_MS = 10_000;

const MAX_RESOLVED = 500;
const KEEP_RESOLVED_MS = 30 * 86_400_000;

export type EvaluationOutcome = 'ok' | 'busy' | 'error';

export interface RunnerParts {
  readonly rules: RuleCatalog;
  readonly kinds: RuleKinds;
  readonly receivers: ReceiverCatalog;
  readonly alerts: AlertStore;
  readonly notifications: NotificationQueue;
  readonly statuses: EvaluationStatuses;
  readonly schedule: RuleSchedule;
  readonly lock: RuleLock;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
}

/** Keeps what runs in step with the rules: has the kind of each judge what it looks at, and moves its alerts on. */
export class RuleRunner {
  readonly #parts: RunnerParts;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  /** Evaluates the rule as it is now; one that is gone or off is taken off the schedule instead. */
  async run(principal: Principal, ruleId: string): Promise<EvaluationOutcome | 'not_a_rule'> {
    const { rules, schedule, statuses, clock } = this.#parts;
    try {
      const rule = await rules.find(principal, ruleId);
      if (rule?.enabled === true) return await this.evaluate(principal, rule);
    } catch (error) {
      const failure = this.#failureOf(error, ruleId, 'The rule could not be read');
      await statuses.save(principal, ruleId, { evaluatedAt: clock.now(), error: failure });
      return 'error';
    }
    await schedule.remove(principal, ruleId);
    return 'not_a_rule';
  }

  /** Never throws: what went wrong is the rule's status. `busy`: another evaluation of this rule still runs. */
  async evaluate(principal: Principal, rule: KnownRule): Promise<EvaluationOutcome> {
    const { lock, statuses, clock, logger } = this.#parts;
    try {
      const turn = { ruleId: rule.id, waitMs: 0 };
      const evaluated = await lock.run(principal, turn, () =>
        this.#moveAlerts(principal, rule).then(
          () => ({ failure: null }),
          (error: unknown) => ({ failure: this.#failureOf(error, rule.id, 'The evaluation failed') }),
        ),
      );
      if (evaluated === undefined) return 'busy';
      await statuses.save(principal, rule.id, { evaluatedAt: clock.now(), error: evaluated.failure });
      return evaluated.failure === null ? 'ok' : 'error';
    } catch (error) {
      logger.error({ err: error, ruleId: rule.id }, 'evaluation could not be recorded');
      return 'error';
    }
  }

  /** Ends the open alerts of a rule that is gone or switched off, and tells whom firing was told. */
  async close(principal: Principal, { id: ruleId }: Pick<KnownRule, 'id'>): Promise<void> {
    const { lock, alerts, clock, notifications } = this.#parts;
    await lock.run(principal, { ruleId, waitMs: CLOSE_WAIT_MS }, async () => {
      for (const alert of await this.#unsettled(principal, ruleId)) {
        if (alert.state === 'pending') await alerts.delete(principal, alert);
        else if (alert.state === 'firing') {
          const ended = await this.#save(principal, resolve(alert, clock.now()));
          await queueDue(principal, ended, notifications);
        }
      }
    });
  }

  /** Takes up a rule that was made or changed. A failure is left to the next `reconcile`. */
  async changed(principal: Principal, rule: KnownRule): Promise<void> {
    await this.#attempt(rule.id, async () => {
      await this.#parts.schedule.set(principal, rule);
      if (!rule.enabled) await this.close(principal, rule);
    });
  }

  async deleted(principal: Principal, rule: KnownRule): Promise<void> {
    await this.#attempt(rule.id, async () => {
      await this.#parts.schedule.remove(principal, rule.id);
      await this.close(principal, rule);
      await this.#parts.statuses.delete(principal, rule.id);
    });
  }

  /** Schedules what the rules say, ends alerts that no rule stands behind, forgets old ones. Safe to repeat. */
  async reconcile(principal: Principal): Promise<void> {
    const { schedule, alerts, clock } = this.#parts;
    const rules = await this.#parts.rules.list(principal);
    await schedule.reconcile(principal, rules);
    const enabled = new Set(rules.filter((rule) => rule.enabled).map((rule) => rule.id));
    const known = await alerts.list(principal);
    const orphaned = known.filter((alert) => alert.state !== 'resolved' && !enabled.has(alert.ruleId));
    for (const id of new Set(orphaned.map((alert) => alert.ruleId))) await this.close(principal, { id });
    const oldest = clock.now() - KEEP_RESOLVED_MS;
    const expired = known
      .filter((alert) => alert.state === 'resolved')
      .filter((alert, index) => index >= MAX_RESOLVED || (alert.resolvedAt ?? 0) < oldest);
    for (const alert of expired) await alerts.delete(principal, alert);
  }

  /** Returns what to show of an error, and logs it. */
  #failureOf(error: unknown, ruleId: string, what: string): NonNullable<EvaluationStatus['error']> {
    const { logger } = this.#parts;
    if (error instanceof DomainError) {
      const { code, message } = error;
      logger.warn({ ruleId, code, reason: message }, 'evaluation failed');
      return { code, message };
    }
    logger.error({ err: error, ruleId }, 'evaluation failed');
    return { code: 'internal', message: `${what}; the log has the cause.` };
  }

  async #moveAlerts(principal: Principal, rule: KnownRule): Promise<void> {
    const { kinds, clock, newId, notifications } = this.#parts;
    const kind = kindOf(rule, kinds);
    const context: AlertContext = { rule, lookbackMs: kind.lookbackMs(rule), nowMs: clock.now(), newId };
    const unsettled = await this.#unsettled(principal, rule.id);
    // What a crash or an outage of Redis left undelivered.
    for (const alert of unsettled) await queueDue(principal, alert, notifications);
    const open = unsettled.filter(({ state }) => state !== 'resolved');
    const openByGroup = new Map(open.map((alert) => [labelsKey(alert.group), alert]));
    for (const finding of await kind.evaluate(principal, rule, open, context.nowMs)) {
      const previous = openByGroup.get(labelsKey(finding.group));
      await this.#apply(principal, previous, nextAlert(previous, finding, context), { ...context, kind });
    }
  }

  async #apply(
    principal: Principal,
    previous: AlertDocument | undefined,
    { alert, transition }: AlertStep,
    context: AlertContext & { readonly kind: RuleKind },
  ): Promise<void> {
    const { alerts, notifications, logger } = this.#parts;
    if (alert === undefined) {
      if (previous !== undefined) await alerts.delete(principal, previous);
      return;
    }
    if (transition === undefined) {
      if (isWorthSaving(previous, alert, context)) await this.#save(principal, alert);
      return;
    }
    const complete = transition === 'firing' ? await this.#completed(principal, alert, context) : alert;
    // The state is saved before anything is sent, so that a crash cannot make it fire twice.
    await queueDue(principal, await this.#save(principal, complete), notifications);
    const { id: alertId, ruleId, labels } = alert;
    logger.info({ alertId, ruleId, labels, transition }, 'alert changed');
  }

  /** Adds to an alert that begins to fire what explains it, and whom to tell. */
  async #completed(
    principal: Principal,
    alert: AlertDocument,
    { rule, kind, nowMs }: AlertContext & { readonly kind: RuleKind },
  ): Promise<AlertDocument> {
    const labels = { ...alert.labels, alertname: alert.ruleName };
    const names = await this.#parts.receivers.route(principal, labels);
    const deliveries = names.map((name) => deliveryTo(name));
    if (rule.webhookUrl !== undefined) {
      deliveries.unshift(deliveryTo('', { kind: 'webhook', settings: { url: rule.webhookUrl } }));
    }
    return { ...alert, deliveries, details: await kind.explain(principal, rule, alert, nowMs) };
  }

  async #unsettled(principal: Principal, ruleId: string): Promise<readonly AlertDocument[]> {
    const alerts = await this.#parts.alerts.list(principal);
    return alerts.filter((alert) => alert.ruleId === ruleId && isUnsettled(alert));
  }

  async #attempt(ruleId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#parts.logger.warn({ err: error, ruleId }, 'rule change will take effect later');
    }
  }

  async #save(principal: Principal, alert: AlertDocument): Promise<AlertDocument> {
    const saved = { ...alert, savedAt: Math.max(this.#parts.clock.now(), alert.savedAt + 1) };
    await this.#parts.alerts.save(principal, saved);
    return saved;
  }
}

function deliveryTo(receiver: string, own?: Delivery['own']): Delivery {
  return { receiver, own, toldFiringAt: null, toldResolvedAt: null, isAbandoned: false, lastError: null };
}

/** Details that moved on are saved now and then only; everything else at once. */
function isWorthSaving(
  previous: AlertDocument | undefined,
  alert: AlertDocument,
  { lookbackMs, nowMs }: AlertContext,
): boolean {
  if (previous === undefined || alert.misses !== previous.misses) return true;
  if (alert === previous) return false;
  return nowMs - previous.savedAt >= Math.min(MAX_SAVE_EVERY_MS, lookbackMs / SAVES_PER_LOOKBACK);
}
