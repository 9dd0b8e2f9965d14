import { createHash } from 'node:crypto';
import type { Rule, RuleInput } from '@everflame/contract';
import { InvalidArgumentError, isLabelName } from '@everflame/profile';
import type { Clock, Principal } from '@everflame/service-kit';
import { type KnownRule, type RuleDocument, splitInput } from '../documents/rule-document.ts';
import { changedWebhook, shownWebhook } from '../notifiers/webhook/webhook-address.ts';
import type { RuleKinds } from '../rules/rule-kind.ts';
import { kindOf } from '../rules/rule-kinds.ts';
import { Catalog } from './catalog.ts';
import type { DocumentStore, EvaluationStatus, EvaluationStatuses } from './ports.ts';

export const MAX_RULES = 1000;
const MAX_LABELS = 16;
/** Every alert has its rule's name under this label. */
const LABEL_ALERT_NAME = 'alertname';

export interface RuleCatalogOptions {
  readonly store: DocumentStore<RuleDocument>;
  readonly clock: Clock;
  readonly kinds: RuleKinds;
  readonly newId: () => string;
}

/** Refuses what `check` of the kind of a rule and `changedWebhook` refuse. */
export class RuleCatalog extends Catalog<RuleDocument, RuleInput> {
  constructor({ store, clock, kinds, newId }: RuleCatalogOptions) {
    super({
      what: 'rule',
      max: MAX_RULES,
      store,
      idOf: ({ name }, source) => (source === 'file' ? fileRuleId(name) : newId()),
      make: (input, id, existing) => {
        const { labels, ...rule } = splitInput(input);
        kindOf(rule, kinds).check(rule);
        const webhookUrl = changedWebhook(rule.webhookUrl, existing?.webhookUrl);
        const checked = checkedLabels(labels ?? existing?.labels ?? {});
        return { ...rule, id, updatedAt: clock.now(), webhookUrl, labels: checked };
      },
    });
  }
}

/** Returns what the API shows of a rule; `statuses` undefined when they cannot be read now. */
export function toRule(rule: KnownRule, statuses: ReadonlyMap<string, EvaluationStatus> | undefined): Rule {
  const { settings, webhookUrl, ...rest } = rule;
  const status = statuses?.get(rule.id);
  return {
    ...rest,
    ...settings,
    webhookUrl: webhookUrl === undefined ? undefined : shownWebhook(webhookUrl),
    lastEvaluatedAt: status?.evaluatedAt ?? null,
    lastError: statuses === undefined ? SCHEDULER_DOWN : (status?.error ?? null),
  } as Rule;
}

/** Returns the last evaluation of every rule, or undefined when Redis does not answer. */
export async function readStatuses(
  principal: Principal,
  statuses: EvaluationStatuses,
): Promise<ReadonlyMap<string, EvaluationStatus> | undefined> {
  try {
    return await statuses.all(principal);
  } catch {
    return undefined;
  }
}

const SCHEDULER_DOWN = {
  code: 'redis_unavailable',
  message: 'Redis does not answer, so no rule is evaluated.',
};

function fileRuleId(name: string): string {
  return `file-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

function checkedLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  const names = Object.keys(labels);
  const unusable = names.find((name) => !isLabelName(name) || name === LABEL_ALERT_NAME);
  if (unusable !== undefined || names.length > MAX_LABELS) {
    const what =
      unusable === undefined
        ? `A rule can have ${MAX_LABELS} labels.`
        : `${JSON.stringify(unusable)} cannot be a label of a rule.`;
    throw new InvalidArgumentError(what, { code: 'invalid_label' });
  }
  return { ...labels };
}
