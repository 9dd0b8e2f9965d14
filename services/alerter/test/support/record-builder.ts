import { ruleInputSchema, type RuleInput } from '@everflame/contract';
import type { AlertRecord } from '../../src/documents/alert-document.ts';
import type { KnownRule, RuleRecord } from '../../src/documents/rule-document.ts';
import { START_MS } from './gauge-builder.ts';

export const MIB = 1024 ** 2;
export const HEAP_TYPE = 'memory:inuse_space:bytes:space:bytes';

export function buildRuleInput(input: Partial<RuleInput> = {}): RuleInput {
  return ruleInputSchema.parse({
    name: 'Heap grows',
    query: `${HEAP_TYPE}{env="prod"}`,
    windowMs: 60_000,
    minGrowth: 5 * MIB,
    evaluateEveryMs: 1000,
    webhookUrl: 'http://127.0.0.1:9/hook',
    ...input,
  });
}

export function buildRuleRecord(record: Partial<RuleRecord> = {}): RuleRecord {
  return {
    ...buildRuleInput(),
    webhookUrl: 'http://127.0.0.1:9/hook',
    id: 'rule-1',
    updatedAt: START_MS,
    ...record,
  };
}

export function buildRule(rule: Partial<KnownRule> = {}): KnownRule {
  return { ...buildRuleRecord(), source: 'api', ...rule };
}

/** A firing alert of `buildRule` that nobody has been told about. */
export function buildAlertRecord(record: Partial<AlertRecord> = {}): AlertRecord {
  return {
    id: 'alert-1',
    ruleId: 'rule-1',
    ruleName: 'Heap grows',
    state: 'firing',
    labels: { service_name: 'shop' },
    type: HEAP_TYPE,
    unit: 'bytes',
    since: START_MS,
    firedAt: START_MS + 240_000,
    resolvedAt: null,
    valueBefore: 12 * MIB,
    valueNow: 50.2 * MIB,
    growthPerHour: 573 * MIB,
    grownFunctions: [{ name: 'main.rememberSession', file: 'main.go', before: 2 * MIB, after: 38.1 * MIB }],
    diffUrl: 'http://127.0.0.1:4040/compare?left_query=a',
    lastNotificationError: null,
    webhookUrl: 'http://127.0.0.1:9/hook',
    startedAt: START_MS + 240_000,
    lastGrowthAt: START_MS + 240_000,
    misses: 0,
    savedAt: START_MS + 240_000,
    notifiedFiringAt: null,
    notifiedResolvedAt: null,
    isNotificationAbandoned: false,
    explanationError: null,
    ...record,
  };
}
