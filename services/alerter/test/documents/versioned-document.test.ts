import { describe, expect, it } from 'vitest';
import { ALERT_FORM, dueTransition, isUnsettled } from '../../src/documents/alert-document.ts';
import { RULE_FORM } from '../../src/documents/rule-document.ts';
import { isOld, readDocument, writeDocument } from '../../src/documents/versioned-document.ts';
import { V1_ALERTS, V1_RULES } from '../support/old-documents.ts';
import { buildAlert, buildRuleDocument } from '../support/record-builder.ts';

describe('a rule of version 1', () => {
  it('is a growth rule with the same settings, the same webhook and no labels', () => {
    const [old] = V1_RULES;
    const rule = readDocument(RULE_FORM, 'r', old);
    expect(rule).toMatchObject({
      kind: 'growth',
      name: 'heap growth',
      labels: {},
      forMs: 120_000,
      webhookUrl: old?.webhookUrl,
      settings: {
        query: old?.query,
        groupBy: ['service_name', 'instance'],
        windowMs: 1_800_000,
        minGrowth: 67_108_864,
        minGrowthRatio: 0.2,
      },
    });
    expect(Object.keys(rule)).not.toContain('windowMs');
  });

  it('without a webhook has none', () => {
    expect(readDocument(RULE_FORM, 'r', V1_RULES[1]).webhookUrl).toBeUndefined();
  });
});

describe('an alert of version 1', () => {
  const [firing, pending, resolved] = V1_ALERTS.map((old) => readDocument(ALERT_FORM, 'a', old));

  it('keeps what it is about, how far it is, and its details', () => {
    const [old] = V1_ALERTS;
    expect(firing).toMatchObject({
      kind: 'growth',
      group: old?.labels,
      labels: old?.labels,
      lastHeldAt: old?.lastGrowthAt,
      misses: 1,
      details: {
        type: 'memory:inuse_space:bytes:space:bytes',
        since: old?.since,
        valueNow: 90_000_000,
        grownFunctions: old?.grownFunctions,
        explanationError: null,
      },
    });
    expect(Object.keys(firing?.details ?? {})).not.toContain('webhookUrl');
  });

  it('is still told to its webhook', () => {
    const [delivery] = firing?.deliveries ?? [];
    expect(delivery).toMatchObject({
      receiver: '',
      own: { kind: 'webhook', settings: { url: V1_ALERTS[0]?.webhookUrl } },
      lastError: 'The webhook answered with status 503.',
    });
    expect(firing && delivery && dueTransition(firing, delivery)).toBe('firing');
  });

  it('that has not fired, or has no webhook, is told to nobody', () => {
    expect([pending?.deliveries, resolved?.deliveries]).toEqual([[], []]);
    expect(resolved && isUnsettled(resolved)).toBe(false);
  });
});

describe('a stored document', () => {
  it('says its version and is read as it was written', () => {
    const rule = buildRuleDocument({ labels: { team: 'shop' } });
    const body: unknown = JSON.parse(JSON.stringify(writeDocument(RULE_FORM, rule)));
    expect(body).toMatchObject({ version: 2 });
    expect([isOld(RULE_FORM, 'r', body), readDocument(RULE_FORM, 'r', body)]).toEqual([false, rule]);
    expect(readDocument(ALERT_FORM, 'a', writeDocument(ALERT_FORM, buildAlert()))).toEqual(buildAlert());
  });

  it('of a newer version is refused by name and version', () => {
    expect(() => readDocument(RULE_FORM, 'r1', { version: 3 })).toThrowError(
      expect.objectContaining({
        code: 'schema_too_new',
        message: 'The rule r1 was stored in version 3; this program knows versions up to 2.',
      }),
    );
  });
});
