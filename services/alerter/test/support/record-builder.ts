import { ruleInputSchema, type RuleInput } from '@everflame/contract';
import type { AlertDocument, Delivery } from '../../src/documents/alert-document.ts';
import { type KnownRule, type RuleDocument, splitInput } from '../../src/documents/rule-document.ts';
import type { GrowthDetails } from '../../src/rules/growth/growth-ports.ts';
import { START_MS } from './gauge-builder.ts';

export const MIB = 1024 ** 2;
export const HEAP_TYPE = 'memory:inuse_space:bytes:space:bytes';
export const PRINCIPAL = { tenant: 'default' };
const WEBHOOK_URL = 'http://127.0.0.1:9/hook';

export function buildRuleInput(input: Partial<RuleInput> = {}): RuleInput {
  return ruleInputSchema.parse({
    name: 'Heap grows',
    query: `${HEAP_TYPE}{env="prod"}`,
    windowMs: 60_000,
    minGrowth: 5 * MIB,
    evaluateEveryMs: 1000,
    webhookUrl: WEBHOOK_URL,
    ...input,
  });
}

/** A growth rule; settings of the kind are given among the rest. */
export function buildRuleDocument(
  rule: Partial<RuleInput & Pick<RuleDocument, 'id' | 'updatedAt'>> = {},
): RuleDocument {
  const { id = 'rule-1', updatedAt = START_MS, ...input } = rule;
  const { webhookUrl, labels = {}, ...rest } = splitInput(buildRuleInput(input));
  return { ...rest, id, updatedAt, labels, webhookUrl: webhookUrl ?? undefined };
}

export function buildRule(rule: Parameters<typeof buildRuleDocument>[0] = {}): KnownRule {
  return { ...buildRuleDocument(rule), source: 'api' };
}

/** What the rule's own receiver has been told: nothing yet. */
export function buildDelivery(delivery: Partial<Delivery> = {}): Delivery {
  return {
    receiver: '',
    own: { kind: 'webhook', settings: { url: WEBHOOK_URL } },
    toldFiringAt: null,
    toldResolvedAt: null,
    isAbandoned: false,
    lastError: null,
    ...delivery,
  };
}

export function buildGrowthDetails(details: Partial<GrowthDetails> = {}): GrowthDetails {
  return {
    type: HEAP_TYPE,
    unit: 'bytes',
    since: START_MS,
    valueBefore: 12 * MIB,
    valueNow: 50.2 * MIB,
    growthPerHour: 573 * MIB,
    grownFunctions: [{ name: 'main.rememberSession', file: 'main.go', before: 2 * MIB, after: 38.1 * MIB }],
    diffUrl: 'http://127.0.0.1:4040/compare?left_query=a',
    explanationError: null,
    ...details,
  };
}

/** A firing alert of `buildRule` that nobody has been told about. */
export function buildAlert(alert: Partial<AlertDocument> = {}): AlertDocument {
  const { group = { service_name: 'shop' } } = alert;
  return {
    id: 'alert-1',
    kind: 'growth',
    ruleId: 'rule-1',
    ruleName: 'Heap grows',
    state: 'firing',
    group,
    labels: group,
    startedAt: START_MS + 240_000,
    firedAt: START_MS + 240_000,
    resolvedAt: null,
    lastHeldAt: START_MS + 240_000,
    misses: 0,
    savedAt: START_MS + 240_000,
    deliveries: [buildDelivery()],
    details: buildGrowthDetails(),
    ...alert,
  };
}
