import { DomainError } from '@everflame/profile';
import type { Clock, Logger } from '@everflame/service-kit';
import { type AlertContext, type AlertStep, nextAlert, resolve } from './alert-lifecycle.ts';
import {
  type AlertRecord,
  dueTransition,
  isUnsettled,
  labelsKey,
  type Transition,
} from '../documents/alert-document.ts';
import type { SeriesGroup } from '../rules/growth/gauge-series.ts';
import { comparisonOf, diffUrlOf } from '../rules/growth/comparison.ts';
import { judgeGrowth } from '../rules/growth/judge-growth.ts';
import type {
  AlertStore,
  EvaluationStatus,
  EvaluationStatuses,
  GrowthExplainer,
  NotificationQueue,
  RuleLock,
  SeriesReader,
} from './ports.ts';
import { type KnownRule, parseRuleQuery } from '../documents/rule-document.ts';

/** About this many points of a series are judged. */
const POINTS_PER_WINDOW = 60;
const MIN_STEP_MS = 1000;
const SAVES_PER_WINDOW = 20;
const MAX_SAVE_EVERY_MS = 10_000;

export type EvaluationOutcome = 'ok' | 'busy' | 'error';

export interface EvaluationParts {
  readonly alerts: AlertStore;
  readonly reader: SeriesReader;
  readonly explainer: GrowthExplainer;
  readonly notifications: NotificationQueue;
  readonly statuses: EvaluationStatuses;
  readonly lock: RuleLock;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
  readonly dashboardUrl: string;
}

/** Judges every group of a rule and moves its alerts on. */
export class RuleEvaluator {
  readonly #parts: EvaluationParts;

  constructor(parts: EvaluationParts) {
    this.#parts = parts;
  }

  /** Never throws: what went wrong is the rule's status. `busy`: another evaluation of this rule still runs. */
  async evaluate(rule: KnownRule): Promise<EvaluationOutcome> {
    const { lock, statuses, clock, logger } = this.#parts;
    try {
      const error = await lock.run(rule.id, 0, () => this.#evaluateLocked(rule));
      if (error === undefined) return 'busy';
      await statuses.save(rule.id, { evaluatedAt: clock.now(), error: error.failure });
      return error.failure === null ? 'ok' : 'error';
    } catch (error) {
      logger.error({ err: error, ruleId: rule.id }, 'evaluation could not be recorded');
      return 'error';
    }
  }

  /** Ends the open alerts of a rule that is gone or switched off, and tells whom firing was told. */
  async close(rule: Pick<KnownRule, 'id'>): Promise<void> {
    const { lock } = this.#parts;
    await lock.run(rule.id, CLOSE_WAIT_MS, async () => {
      for (const record of await this.#unsettled(rule.id)) {
        if (record.state === 'pending') await this.#parts.alerts.delete(record);
        else if (record.state === 'firing') {
          const now = this.#parts.clock.now();
          await this.#notify(await this.#save(resolve(record, now)));
        }
      }
    });
  }

  async #evaluateLocked(rule: KnownRule): Promise<{ failure: EvaluationStatus['error'] }> {
    try {
      await this.#moveAlerts(rule);
      return { failure: null };
    } catch (error) {
      if (error instanceof DomainError) {
        this.#parts.logger.warn(
          { ruleId: rule.id, code: error.code, reason: error.message },
          'evaluation failed',
        );
        return { failure: { code: error.code, message: error.message } };
      }
      this.#parts.logger.error({ err: error, ruleId: rule.id }, 'evaluation failed');
      return { failure: { code: 'internal', message: 'The evaluation failed; the log has the cause.' } };
    }
  }

  async #moveAlerts(rule: KnownRule): Promise<void> {
    const selector = parseRuleQuery(rule.query);
    const nowMs = this.#parts.clock.now();
    const unsettled = await this.#unsettled(rule.id);
    // What a crash or an outage of Redis left undelivered.
    for (const record of unsettled) await this.#notify(record);
    const open = new Map(
      unsettled
        .filter((record) => record.state !== 'resolved')
        .map((record) => [labelsKey(record.labels), record]),
    );
    const groups = await this.#readGroups(rule, nowMs);
    const seen = new Set(groups.map((group) => labelsKey(group.labels)));
    const vanished = [...open.values()].filter((record) => !seen.has(labelsKey(record.labels)));
    const emptyGroups = vanished.map((record): SeriesGroup => ({ labels: record.labels, series: [] }));
    for (const group of [...groups, ...emptyGroups]) {
      const previous = open.get(labelsKey(group.labels));
      const verdict = judgeGrowth(group.series, rule, nowMs, previous?.state === 'firing');
      const context: AlertContext = {
        rule,
        labels: group.labels,
        profileType: selector.profileType,
        nowMs,
        newId: this.#parts.newId,
      };
      await this.#apply(previous, nextAlert(previous, verdict, context), rule, nowMs);
    }
  }

  #readGroups(rule: KnownRule, nowMs: number): Promise<readonly SeriesGroup[]> {
    return this.#parts.reader.read({
      selector: parseRuleQuery(rule.query),
      groupBy: rule.groupBy,
      fromMs: nowMs - rule.windowMs,
      toMs: nowMs,
      stepMs: Math.max(MIN_STEP_MS, Math.ceil(rule.windowMs / POINTS_PER_WINDOW)),
    });
  }

  async #apply(
    previous: AlertRecord | undefined,
    { record, transition }: AlertStep,
    rule: KnownRule,
    nowMs: number,
  ): Promise<void> {
    if (record === undefined) {
      if (previous !== undefined) await this.#parts.alerts.delete(previous);
      return;
    }
    if (transition === undefined) {
      if (isWorthSaving(previous, record, rule, nowMs)) await this.#save(this.#linked(record, rule, nowMs));
      return;
    }
    const complete = transition === 'firing' ? await this.#explained(record, rule, nowMs) : record;
    // The state is saved before anything is sent, so that a crash cannot make it fire twice.
    await this.#notify(await this.#save(complete));
    this.#parts.logger.info(
      { alertId: record.id, ruleId: rule.id, labels: record.labels, transition, valueNow: record.valueNow },
      'alert changed',
    );
  }

  async #explained(record: AlertRecord, rule: KnownRule, nowMs: number): Promise<AlertRecord> {
    const linked = this.#linked(record, rule, nowMs);
    try {
      const grownFunctions = await this.#parts.explainer.explain(comparisonOf(record, rule, nowMs));
      return { ...linked, grownFunctions: [...grownFunctions] };
    } catch (error) {
      const explanationError = error instanceof DomainError ? error.message : 'the comparison failed';
      this.#parts.logger.warn({ err: error, alertId: record.id }, 'growth could not be explained');
      return { ...linked, explanationError };
    }
  }

  #linked(record: AlertRecord, rule: KnownRule, nowMs: number): AlertRecord {
    if (record.state === 'resolved') return record;
    return { ...record, diffUrl: diffUrlOf(comparisonOf(record, rule, nowMs), this.#parts.dashboardUrl) };
  }

  async #unsettled(ruleId: string): Promise<readonly AlertRecord[]> {
    const records = await this.#parts.alerts.list();
    return records.filter((record) => record.ruleId === ruleId && isUnsettled(record));
  }

  async #save(record: AlertRecord): Promise<AlertRecord> {
    const saved = { ...record, savedAt: Math.max(this.#parts.clock.now(), record.savedAt + 1) };
    await this.#parts.alerts.save(saved);
    return saved;
  }

  async #notify(record: AlertRecord): Promise<void> {
    const due: Transition | undefined = dueTransition(record);
    if (due !== undefined) await this.#parts.notifications.add(record.id, due);
  }
}

const CLOSE_WAIT_MS = 10_000;

/** A level that moved on is saved now and then only; everything else at once. */
function isWorthSaving(
  previous: AlertRecord | undefined,
  record: AlertRecord,
  rule: KnownRule,
  nowMs: number,
): boolean {
  if (previous === undefined || record.misses !== previous.misses) return true;
  if (record === previous) return false;
  return nowMs - previous.savedAt >= Math.min(MAX_SAVE_EVERY_MS, rule.windowMs / SAVES_PER_WINDOW);
}
