import { type GrowthSettings, growthSettingsSchema } from '@everflame/contract';
import { DomainError } from '@everflame/profile';
import type { Logger, Principal } from '@everflame/service-kit';
import { type AlertDocument, labelsKey } from '../../documents/alert-document.ts';
import type { KnownRule, RuleDocument } from '../../documents/rule-document.ts';
import type { AlertText, Finding, RuleKind } from '../rule-kind.ts';
import { comparisonOf, diffUrlOf } from './comparison.ts';
import {
  type GrowthDetails,
  type GrowthExplainer,
  type SeriesGroup,
  type SeriesReader,
  storedDetailsSchema,
} from './growth-ports.ts';
import { checkGrowthSettings, parseGaugeQuery } from './growth-selector.ts';
import { describeGrowth } from './growth-text.ts';
import { type GrowthVerdict, judgeGrowth } from './judge-growth.ts';

/** About this many points of a series are judged. */
const POINTS_PER_WINDOW = 60;
const MIN_STEP_MS = 1000;
const RESTART_SHARE = 0.5;

export interface GrowthRuleParts {
  readonly reader: SeriesReader;
  readonly explainer: GrowthExplainer;
  readonly dashboardUrl: string;
  readonly logger: Logger;
}

/** Fires for each group of gauge series that grows as a leak does; explains it by the functions that grew. */
export class GrowthRule implements RuleKind {
  readonly #parts: GrowthRuleParts;

  constructor(parts: GrowthRuleParts) {
    this.#parts = parts;
  }

  check(rule: Pick<RuleDocument, 'settings'>): void {
    checkGrowthSettings(settingsOf(rule));
  }

  lookbackMs(rule: KnownRule): number {
    return settingsOf(rule).windowMs;
  }

  async evaluate(
    principal: Principal,
    rule: KnownRule,
    open: readonly AlertDocument[],
    nowMs: number,
  ): Promise<readonly Finding[]> {
    const settings = settingsOf(rule);
    const selector = parseGaugeQuery(settings.query);
    const groups = await this.#parts.reader.read(principal, {
      selector,
      groupBy: settings.groupBy,
      fromMs: nowMs - settings.windowMs,
      toMs: nowMs,
      stepMs: Math.max(MIN_STEP_MS, Math.ceil(settings.windowMs / POINTS_PER_WINDOW)),
    });
    const alerts = new Map(open.map((alert) => [labelsKey(alert.group), alert]));
    const seen = new Set(groups.map(({ labels }) => labelsKey(labels)));
    const vanished = open.filter(({ group }) => !seen.has(labelsKey(group)));
    const emptyGroups = vanished.map(({ group }): SeriesGroup => ({ labels: group, series: [] }));
    return [...groups, ...emptyGroups].map(({ labels, series }): Finding => {
      const alert = alerts.get(labelsKey(labels));
      const verdict = judgeGrowth(series, settings, nowMs, alert?.state === 'firing');
      const outcome = outcomeOf(verdict, alert);
      const details = alert === undefined ? begin(verdict, selector.profileType) : follow(alert, verdict);
      if (outcome === 'unknown' || outcome === 'over') return { group: labels, outcome, details };
      const comparison = comparisonOf({ group: labels, since: details.since }, settings, nowMs);
      const diffUrl = diffUrlOf(comparison, this.#parts.dashboardUrl);
      return { group: labels, outcome, details: { ...details, diffUrl } };
    });
  }

  async explain(
    principal: Principal,
    rule: KnownRule,
    alert: AlertDocument,
    nowMs: number,
  ): Promise<GrowthDetails> {
    const details = detailsOf(alert);
    try {
      const { group } = alert;
      const comparison = comparisonOf({ group, since: details.since }, settingsOf(rule), nowMs);
      const grownFunctions = await this.#parts.explainer.explain(principal, comparison);
      return { ...details, grownFunctions: [...grownFunctions] };
    } catch (error) {
      const explanationError = error instanceof DomainError ? error.message : 'the comparison failed';
      this.#parts.logger.warn({ err: error, alertId: alert.id }, 'growth could not be explained');
      return { ...details, explanationError };
    }
  }

  describe(alert: AlertDocument, atMs: number): AlertText {
    return describeGrowth(alert, detailsOf(alert), atMs);
  }
}

function settingsOf(rule: Pick<RuleDocument, 'settings'>): GrowthSettings {
  return growthSettingsSchema.parse(rule.settings);
}

function detailsOf(alert: AlertDocument): GrowthDetails {
  return storedDetailsSchema.parse(alert.details);
}

/** An alert is over at once when a process has started since it began and the value has more than halved. */
function outcomeOf(verdict: GrowthVerdict, alert: AlertDocument | undefined): Finding['outcome'] {
  if (verdict.outcome === 'growing') return 'holds';
  if (alert?.state === 'firing' && hasRestarted(detailsOf(alert), verdict)) return 'over';
  return verdict.outcome === 'steady' ? 'fails' : 'unknown';
}

function hasRestarted(details: GrowthDetails, { value, restartedAt }: GrowthVerdict): boolean {
  return restartedAt !== undefined && restartedAt > details.since && value < RESTART_SHARE * details.valueNow;
}

function begin(
  { since, valueBefore, valueNow, growthPerHour }: GrowthVerdict,
  type: { readonly id: string; readonly sampleUnit: string },
): GrowthDetails {
  const growth = { type: type.id, unit: type.sampleUnit, since, valueBefore, valueNow, growthPerHour };
  return { ...growth, grownFunctions: [], diffUrl: '', explanationError: null };
}

/** What an alert says once it is judged again: when and where the growth began stays. */
function follow(alert: AlertDocument, verdict: GrowthVerdict): GrowthDetails {
  const details = detailsOf(alert);
  if (outcomeOf(verdict, alert) === 'over') return { ...details, valueNow: verdict.value };
  if (verdict.outcome === 'too_few_points') return details;
  const { valueNow, growthPerHour } = verdict;
  return { ...details, valueNow, growthPerHour };
}
