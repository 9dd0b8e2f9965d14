import type { Principal } from '@everflame/service-kit';
import type { AlertDocument } from '../documents/alert-document.ts';
import type { KnownRule, RuleDocument } from '../documents/rule-document.ts';

export type Labels = Readonly<Record<string, string>>;
/** What an alert says that only the kind of its rule understands. */
export type Details = Readonly<Record<string, unknown>>;

/** What an evaluation finds about one group. */
export interface Finding {
  /** What was judged; tells it from what else the rule judges. */
  readonly group: Labels;
  /** Whether the condition holds, or cannot be judged; `over`: what it held for has ended, and an alert with it. */
  readonly outcome: 'holds' | 'fails' | 'unknown' | 'over';
  /** Of the alert from now on. */
  readonly details: Details;
}

/** What an alert says to people. */
export interface AlertText {
  /** With `summary` (one line) and `description`, as Prometheus names them. */
  readonly annotations: Labels & { readonly summary: string; readonly description: string };
  /** What shows the cause. */
  readonly url: string;
}

/**
 * What rules of one kind look at and how they judge it. Alerts, notifications, schedule and store know nothing of it.
 * Settings and details are what the schemas of the kind in the contract say.
 */
export interface RuleKind {
  /** Checks what the schema cannot say of the settings; throws a `DomainError`. */
  check(rule: Pick<RuleDocument, 'settings'>): void;
  /** How much of the past an evaluation looks at. */
  lookbackMs(rule: KnownRule): number;
  /** Returns one finding per group, also for each of the alerts that are open. */
  evaluate(
    principal: Principal,
    rule: KnownRule,
    open: readonly AlertDocument[],
    nowMs: number,
  ): Promise<readonly Finding[]>;
  /** Returns the details of an alert that begins to fire, with what explains it; without, when that is not known. */
  explain(principal: Principal, rule: KnownRule, alert: AlertDocument, nowMs: number): Promise<Details>;
  /** Says what has happened until `atMs`: that it fires, or that it is over. */
  describe(alert: AlertDocument, atMs: number): AlertText;
}

/** By the name that rules call them. */
export type RuleKinds = Readonly<Record<string, RuleKind>>;
