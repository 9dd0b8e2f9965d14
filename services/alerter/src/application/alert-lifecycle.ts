import type { AlertDocument, Transition } from '../documents/alert-document.ts';
import type { KnownRule } from '../documents/rule-document.ts';
import type { Finding } from '../rules/rule-kind.ts';

const MISSES_TO_RESOLVE = 2;
const RESOLVE_LOOKBACK_SHARE = 0.1;

/** What one evaluation makes of the alert of one group. */
export interface AlertStep {
  /** The alert from now on; undefined when there is none. A pending one that lapsed is gone without a trace. */
  readonly alert: AlertDocument | undefined;
  readonly transition: Transition | undefined;
}

export interface AlertContext {
  readonly rule: KnownRule;
  /** How much of the past an evaluation of the rule looks at. */
  readonly lookbackMs: number;
  readonly nowMs: number;
  /** Identity of an alert that begins now. */
  readonly newId: () => string;
}

/**
 * The states of an alert:
 * inactive -> pending when the condition holds -> firing once it held in every evaluation for `forMs` (at once for 0)
 * -> resolved, when it did not hold in 2 evaluations in a row and for a tenth of what an evaluation looks back; at once
 * when it is over; or when nothing could be judged for as long as an evaluation looks back.
 * A pending alert lapses with the first evaluation in which the condition does not hold.
 */
export function nextAlert(
  previous: AlertDocument | undefined,
  finding: Finding,
  context: AlertContext,
): AlertStep {
  if (finding.outcome === 'holds') return hold(previous ?? begin(finding, context), finding, context);
  if (previous === undefined) return { alert: undefined, transition: undefined };
  return previous.state === 'pending'
    ? waitOrLapse(previous, finding, context)
    : keepOrResolve(previous, finding, context);
}

/** Ends an alert whatever is the case, because its rule is gone or was switched off. */
export function resolve(alert: AlertDocument, nowMs: number): AlertDocument {
  return { ...alert, state: 'resolved', resolvedAt: nowMs };
}

function begin({ group, details }: Finding, { rule, nowMs, newId }: AlertContext): AlertDocument {
  return {
    id: newId(),
    kind: rule.kind,
    ruleId: rule.id,
    ruleName: rule.name,
    state: 'pending',
    group,
    labels: { ...group, ...rule.labels },
    startedAt: nowMs,
    firedAt: null,
    resolvedAt: null,
    lastHeldAt: nowMs,
    misses: 0,
    savedAt: 0,
    deliveries: [],
    details,
  };
}

function hold(
  previous: AlertDocument,
  { details }: Finding,
  { rule: { forMs }, nowMs }: AlertContext,
): AlertStep {
  const alert: AlertDocument = { ...previous, details, lastHeldAt: nowMs, misses: 0 };
  if (alert.state !== 'pending' || nowMs - alert.startedAt < forMs) return { alert, transition: undefined };
  return { alert: { ...alert, state: 'firing', firedAt: nowMs }, transition: 'firing' };
}

function waitOrLapse(alert: AlertDocument, { outcome }: Finding, context: AlertContext): AlertStep {
  const isUnknown = outcome === 'unknown' && context.nowMs - alert.lastHeldAt < context.lookbackMs;
  return { alert: isUnknown ? alert : undefined, transition: undefined };
}

function keepOrResolve(
  previous: AlertDocument,
  { outcome, details }: Finding,
  { lookbackMs, nowMs }: AlertContext,
): AlertStep {
  const quietMs = nowMs - previous.lastHeldAt;
  if (outcome === 'over') return resolved({ ...previous, details }, nowMs);
  if (outcome === 'unknown') {
    return quietMs >= lookbackMs ? resolved(previous, nowMs) : { alert: previous, transition: undefined };
  }
  const alert = { ...previous, details, misses: previous.misses + 1 };
  return alert.misses >= MISSES_TO_RESOLVE && quietMs >= RESOLVE_LOOKBACK_SHARE * lookbackMs
    ? resolved(alert, nowMs)
    : { alert, transition: undefined };
}

function resolved(alert: AlertDocument, nowMs: number): AlertStep {
  return { alert: resolve(alert, nowMs), transition: 'resolved' };
}
