import type { AlertRecord, Transition } from '../documents/alert-document.ts';
import type { GrowthVerdict } from '../rules/growth/judge-growth.ts';
import type { KnownRule } from '../documents/rule-document.ts';

const MISSES_TO_RESOLVE = 2;
const RESOLVE_WINDOW_SHARE = 0.1;
const RESTART_SHARE = 0.5;

/** What one evaluation makes of the alert of one group. */
export interface AlertStep {
  /** The alert from now on; undefined when there is none. A pending one that lapsed is gone without a trace. */
  readonly record: AlertRecord | undefined;
  readonly transition: Transition | undefined;
}

export interface AlertContext {
  readonly rule: KnownRule;
  readonly labels: Readonly<Record<string, string>>;
  readonly profileType: { readonly id: string; readonly sampleUnit: string };
  readonly nowMs: number;
  /** Identity of an alert that begins now. */
  readonly newId: () => string;
}

/**
 * The states of an alert:
 * inactive -> pending when growth is seen -> firing once it was seen in every evaluation for `forMs` (at once for 0)
 * -> resolved, when no growth was seen in 2 evaluations in a row and for a tenth of the window; at once when a
 * process has started since and the level has more than halved; or when nothing could be judged for a whole window.
 * A pending alert lapses with the first evaluation without growth.
 */
export function nextAlert(
  previous: AlertRecord | undefined,
  verdict: GrowthVerdict,
  context: AlertContext,
): AlertStep {
  if (verdict.outcome === 'growing') return grow(previous ?? begin(verdict, context), verdict, context);
  if (previous === undefined) return { record: undefined, transition: undefined };
  return previous.state === 'pending'
    ? waitOrLapse(previous, verdict, context)
    : keepOrResolve(previous, verdict, context);
}

/** Ends an alert whatever its level does, because its rule is gone or was switched off. */
export function resolve(record: AlertRecord, nowMs: number): AlertRecord {
  return { ...record, state: 'resolved', resolvedAt: nowMs };
}

function begin(
  verdict: GrowthVerdict,
  { rule, labels, profileType, nowMs, newId }: AlertContext,
): AlertRecord {
  return {
    id: newId(),
    ruleId: rule.id,
    ruleName: rule.name,
    state: 'pending',
    labels: { ...labels },
    type: profileType.id,
    unit: profileType.sampleUnit,
    since: verdict.since,
    firedAt: null,
    resolvedAt: null,
    valueBefore: verdict.valueBefore,
    valueNow: verdict.valueNow,
    growthPerHour: verdict.growthPerHour,
    grownFunctions: [],
    diffUrl: '',
    lastNotificationError: null,
    webhookUrl: rule.webhookUrl ?? null,
    startedAt: nowMs,
    lastGrowthAt: nowMs,
    misses: 0,
    savedAt: 0,
    notifiedFiringAt: null,
    notifiedResolvedAt: null,
    isNotificationAbandoned: false,
    explanationError: null,
  };
}

function grow(previous: AlertRecord, verdict: GrowthVerdict, { rule, nowMs }: AlertContext): AlertStep {
  const record: AlertRecord = {
    ...previous,
    valueNow: verdict.valueNow,
    growthPerHour: verdict.growthPerHour,
    lastGrowthAt: nowMs,
    misses: 0,
  };
  if (record.state !== 'pending' || nowMs - record.startedAt < rule.forMs) {
    return { record, transition: undefined };
  }
  return { record: { ...record, state: 'firing', firedAt: nowMs }, transition: 'firing' };
}

function waitOrLapse(record: AlertRecord, verdict: GrowthVerdict, { rule, nowMs }: AlertContext): AlertStep {
  const isUnknown = verdict.outcome === 'too_few_points' && nowMs - record.lastGrowthAt < rule.windowMs;
  return { record: isUnknown ? record : undefined, transition: undefined };
}

function keepOrResolve(previous: AlertRecord, verdict: GrowthVerdict, context: AlertContext): AlertStep {
  const { rule, nowMs } = context;
  const quietMs = nowMs - previous.lastGrowthAt;
  if (hasRestarted(previous, verdict)) return resolved({ ...previous, valueNow: verdict.level }, nowMs);
  if (verdict.outcome === 'too_few_points') {
    return quietMs >= rule.windowMs ? resolved(previous, nowMs) : { record: previous, transition: undefined };
  }
  const record = {
    ...previous,
    misses: previous.misses + 1,
    valueNow: verdict.valueNow,
    growthPerHour: verdict.growthPerHour,
  };
  return record.misses >= MISSES_TO_RESOLVE && quietMs >= RESOLVE_WINDOW_SHARE * rule.windowMs
    ? resolved(record, nowMs)
    : { record, transition: undefined };
}

function hasRestarted(record: AlertRecord, { level, restartedAt }: GrowthVerdict): boolean {
  return restartedAt !== undefined && restartedAt > record.since && level < RESTART_SHARE * record.valueNow;
}

function resolved(record: AlertRecord, nowMs: number): AlertStep {
  return { record: resolve(record, nowMs), transition: 'resolved' };
}
