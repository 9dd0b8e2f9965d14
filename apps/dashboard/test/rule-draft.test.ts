import { ruleInputSchema } from '@everflame/contract';
import { describe, expect, it } from 'vitest';
import { draftOf, NEW_RULE, parseAmount, readDraft } from '../src/pages/alerts/rule-draft.ts';
import { RULES } from './support/fixture-bodies.ts';

describe('rule form', () => {
  it('turns a draft into the rule that the API takes', () => {
    const read = readDraft({ ...NEW_RULE, name: 'Heap grows', webhookUrl: 'http://127.0.0.1:9000/hook' });
    expect(read).toEqual({
      rule: {
        kind: 'growth',
        name: 'Heap grows',
        query: 'memory:inuse_space:bytes:space:bytes{}',
        groupBy: ['service_name'],
        windowMs: 600_000,
        minGrowth: 64 * 1024 * 1024,
        minGrowthRatio: 0.1,
        forMs: 60_000,
        evaluateEveryMs: 15_000,
        webhookUrl: 'http://127.0.0.1:9000/hook',
        enabled: true,
      },
    });
  });

  it('starts with what the API gives a rule that leaves it out', () => {
    const spelled = readDraft({ ...NEW_RULE, name: 'a' });
    const left = { name: 'a', query: NEW_RULE.query, windowMs: 600_000, minGrowth: 1 };
    const { groupBy, minGrowthRatio, evaluateEveryMs } = ruleInputSchema.parse(left);
    expect('rule' in spelled && spelled.rule).toMatchObject({ groupBy, minGrowthRatio, evaluateEveryMs });
  });

  it('shows an existing rule so that saving it without a change changes nothing', () => {
    for (const rule of RULES) {
      const read = readDraft(draftOf(rule));
      expect('rule' in read && read.rule).toMatchObject({
        query: rule.query,
        groupBy: rule.groupBy,
        windowMs: rule.windowMs,
        minGrowth: rule.minGrowth,
        minGrowthRatio: rule.minGrowthRatio,
        forMs: rule.forMs,
      });
    }
  });

  it('sends the address of a webhook back as it was shown, and none as none', () => {
    const shown = 'https://hooks.example/…';
    const [rule] = RULES;
    const kept = readDraft(draftOf({ ...rule!, webhookUrl: shown }));
    expect('rule' in kept && kept.rule.webhookUrl).toBe(shown);
    const removed = readDraft({ ...draftOf({ ...rule!, webhookUrl: shown }), webhookUrl: ' ' });
    expect('rule' in removed && removed.rule.webhookUrl).toBeNull();
  });

  it('names each field that is wrong', () => {
    const read = readDraft({
      ...NEW_RULE,
      window: 'soon',
      minGrowth: 'a lot',
      minGrowthPercent: 'x',
      groupBy: ' , ',
      webhookUrl: 'ftp://example.com',
    });
    expect(Object.keys('problems' in read ? read.problems : {}).toSorted()).toEqual([
      'groupBy',
      'minGrowth',
      'minGrowthPercent',
      'name',
      'webhookUrl',
      'window',
    ]);
  });

  it('reads amounts with binary, decimal and no unit', () => {
    expect(parseAmount('64 MiB')).toBe(67_108_864);
    expect(parseAmount('1.5GB')).toBe(1.5e9);
    expect(parseAmount('500')).toBe(500);
    expect(parseAmount('5 apples')).toBeNull();
    expect(parseAmount('')).toBeNull();
  });
});
