import type { Alert, WebhookPayload } from '@everflame/contract';
import type { AlertRecord, Transition } from '../documents/alert-document.ts';
import type { SeriesGroup } from '../rules/growth/gauge-series.ts';
import type { GaugeSelector, KnownRule, RuleRecord } from '../documents/rule-document.ts';

export type GrownFunction = Alert['grownFunctions'][number];

/** The rules made through the API. Methods throw `UnavailableError` when the store does not answer. */
export abstract class RuleStore {
  /** By name, then id. */
  abstract list(): Promise<readonly RuleRecord[]>;
  abstract find(id: string): Promise<RuleRecord | undefined>;
  /** Makes or replaces the rule with this id; `updatedAt` has to be later than that of what is replaced. */
  abstract save(rule: RuleRecord): Promise<void>;
  abstract delete(rule: RuleRecord): Promise<void>;
}

/** Alerts of every rule. What was saved last under an id is what is read. */
export abstract class AlertStore {
  /** The newest first. */
  abstract list(): Promise<readonly AlertRecord[]>;
  abstract find(id: string): Promise<AlertRecord | undefined>;
  /** `savedAt` has to be later than that of what is replaced. */
  abstract save(record: AlertRecord): Promise<void>;
  abstract delete(record: AlertRecord): Promise<void>;
}

/** Which levels to read. */
export interface GaugeRange {
  readonly selector: GaugeSelector;
  readonly groupBy: readonly string[];
  /** Unix ms; `[fromMs, toMs)`. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/** Levels of gauges. Throws `LimitExceededError` when there are more series than can be judged. */
export abstract class SeriesReader {
  /** One group per set of values of the `groupBy` labels (a missing label is `''`), with every series of its own. */
  abstract read(range: GaugeRange): Promise<readonly SeriesGroup[]>;
}

/** Two ranges of one selector, Unix ms. */
export interface Comparison {
  readonly query: string;
  readonly leftFrom: number;
  readonly leftTo: number;
  readonly rightFrom: number;
  readonly rightTo: number;
}

export abstract class GrowthExplainer {
  /** The functions whose self value grew most from left to right, largest growth first. */
  abstract explain(comparison: Comparison): Promise<readonly GrownFunction[]>;
}

export abstract class Notifier {
  /** Throws a `DomainError` (retryable or not) unless the receiver took the notification. */
  abstract send(url: string, payload: WebhookPayload): Promise<void>;
}

/** Runs the evaluation of each enabled rule at its interval, once over all alerters. */
export abstract class RuleSchedule {
  /** Starts, changes or (when the rule is disabled) stops one rule. */
  abstract set(rule: KnownRule): Promise<void>;
  abstract remove(ruleId: string): Promise<void>;
  /** Makes the schedule what these rules say; what is right already is left alone. */
  abstract reconcile(rules: readonly KnownRule[]): Promise<void>;
}

export abstract class NotificationQueue {
  /** Has the notification delivered, with retries; asking again for the same one does nothing. */
  abstract add(alertId: string, transition: Transition): Promise<void>;
}

/** What the last evaluation of a rule came to. */
export interface EvaluationStatus {
  readonly evaluatedAt: number;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Shared by all alerters. */
export abstract class EvaluationStatuses {
  abstract all(): Promise<ReadonlyMap<string, EvaluationStatus>>;
  abstract save(ruleId: string, status: EvaluationStatus): Promise<void>;
  abstract delete(ruleId: string): Promise<void>;
}

export abstract class RuleLock {
  /** Runs `work` while no other alerter works on the rule's alerts. `undefined`: the lock was not free within `waitMs`. */
  abstract run<T>(ruleId: string, waitMs: number, work: () => Promise<T>): Promise<T | undefined>;
}
