import type { Principal } from '@everflame/service-kit';
import type { AlertDocument, Transition } from '../documents/alert-document.ts';
import type { KnownRule } from '../documents/rule-document.ts';

/**
 * Documents of one kind. What was saved last under an id is what is read, in the order of its kind. Methods throw
 * `UnavailableError` when the store does not answer, and reads `schema_too_new` for what a newer program has stored.
 */
export interface DocumentStore<T> {
  list(principal: Principal): Promise<readonly T[]>;
  find(principal: Principal, id: string): Promise<T | undefined>;
  /** Makes or replaces a document, which has to be changed later than what it replaces. */
  save(principal: Principal, document: T): Promise<void>;
  delete(principal: Principal, document: T): Promise<void>;
}

export type AlertStore = DocumentStore<AlertDocument>;

/** Runs the evaluation of each enabled rule at its interval, once over all alerters. */
export interface RuleSchedule {
  /** Starts, changes or (when the rule is disabled) stops one rule. */
  set(principal: Principal, rule: KnownRule): Promise<void>;
  remove(principal: Principal, ruleId: string): Promise<void>;
  /** Makes the schedule what these rules say; what is right already is left alone. */
  reconcile(principal: Principal, rules: readonly KnownRule[]): Promise<void>;
}

/** One notification: which alert, to which receiver (`''` is the rule's own), and what of it. */
export interface NotificationKey {
  readonly alertId: string;
  readonly receiver: string;
  readonly transition: Transition;
}

export interface NotificationQueue {
  /** Has the notification delivered, with retries; asking again for the same one does nothing. */
  add(principal: Principal, notification: NotificationKey): Promise<void>;
}

/** What the last evaluation of a rule came to. */
export interface EvaluationStatus {
  readonly evaluatedAt: number;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Shared by all alerters. */
export interface EvaluationStatuses {
  all(principal: Principal): Promise<ReadonlyMap<string, EvaluationStatus>>;
  save(principal: Principal, ruleId: string, status: EvaluationStatus): Promise<void>;
  delete(principal: Principal, ruleId: string): Promise<void>;
}

/** Which rule is to be left alone by others, and how long its turn may be waited for. */
export interface RuleTurn {
  readonly ruleId: string;
  readonly waitMs: number;
}

export interface RuleLock {
  /** Runs `work` while no other alerter works on the rule's alerts. `undefined`: the lock was not free in time. */
  run<T>(principal: Principal, turn: RuleTurn, work: () => Promise<T>): Promise<T | undefined>;
}
