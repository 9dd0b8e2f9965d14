import type { FileRule } from '@everflame/contract';
import { DomainError } from '@everflame/profile';
import { FakeClock } from '@everflame/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { MAX_RULES, RuleCatalog, toRule } from '../src/application/rule-catalog.ts';
import { checkRule } from '../src/documents/rule-document.ts';
import { MemoryRuleStore } from './support/memory-ports.ts';
import { buildRule, buildRuleInput, buildRuleRecord, HEAP_TYPE } from './support/record-builder.ts';

const FILE_RULE: FileRule = {
  name: 'From the file',
  query: HEAP_TYPE,
  group_by: ['service_name'],
  window: 600_000,
  min_growth: 1000,
  min_growth_ratio: 0.1,
  for: 0,
  evaluate_every: 15_000,
};

function codeOf(error: unknown): string | undefined {
  return error instanceof DomainError ? error.code : undefined;
}

function codeThrownBy(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return codeOf(error);
  }
  return 'nothing thrown';
}

describe('a rule', () => {
  it.each([
    ['memory:inuse_space:bytes:space:bytes{env="prod"}', 'nothing thrown'],
    ['goroutines:goroutine:count:goroutine:count', 'nothing thrown'],
    ['process_cpu:cpu:nanoseconds:cpu:nanoseconds', 'not_a_gauge'],
    ['memory:alloc_space:bytes:space:bytes', 'not_a_gauge'],
    ['{service_name="shop"}', 'not_a_gauge'],
    ['memory:inuse_space', 'invalid_selector'],
    ['memory:inuse_space:bytes:space:bytes{env=prod}', 'invalid_selector'],
  ])('with the query %s: %s', (query, code) => {
    expect(codeThrownBy(() => checkRule(buildRuleInput({ query })))).toBe(code);
  });

  it('cannot group by what is no label name, or by one twice', () => {
    expect(codeThrownBy(() => checkRule(buildRuleInput({ groupBy: ['a-b'] })))).toBe('invalid_label');
    expect(codeThrownBy(() => checkRule(buildRuleInput({ groupBy: ['a', 'a'] })))).toBe('invalid_label');
  });
});

describe('the rule catalog', () => {
  let store: MemoryRuleStore;
  let catalog: RuleCatalog;
  let clock: FakeClock;

  beforeEach(() => {
    store = new MemoryRuleStore();
    clock = new FakeClock();
    let created = 0;
    catalog = new RuleCatalog([FILE_RULE], store, clock, () => `rule-${++created}`);
  });

  it('lists rules of the file before those of the API', async () => {
    await catalog.create(buildRuleInput({ name: 'A' }));
    const rules = await catalog.list();
    expect(rules.map(({ name, source }) => [name, source])).toEqual([
      ['From the file', 'file'],
      ['A', 'api'],
    ]);
  });

  it('gives a rule of the file the same id in every process', async () => {
    const other = new RuleCatalog([FILE_RULE], new MemoryRuleStore(), new FakeClock(0), () => 'x');
    expect((await other.list()).map((rule) => rule.id)).toEqual(
      (await catalog.list()).map((rule) => rule.id),
    );
  });

  it('does not change or delete a rule of the file', async () => {
    const [rule] = await catalog.list();
    await expect(catalog.replace(rule?.id ?? '', buildRuleInput())).rejects.toMatchObject({
      kind: 'conflict',
      code: 'rule_is_read_only',
    });
    await expect(catalog.delete(rule?.id ?? '')).rejects.toMatchObject({ code: 'rule_is_read_only' });
  });

  it('replaces a rule under its id, with a later time of change even within one millisecond', async () => {
    const made = await catalog.create(buildRuleInput());
    const replaced = await catalog.replace(made.id, buildRuleInput({ name: 'B' }));
    expect(replaced).toMatchObject({ id: made.id, name: 'B', updatedAt: made.updatedAt + 1 });
    expect(await catalog.find(made.id)).toEqual(replaced);
  });

  it('keeps the webhook of a rule that is changed as it was shown', async () => {
    const webhookUrl = 'https://hooks.example/services/SECRET';
    const made = await catalog.create(buildRuleInput({ webhookUrl }));
    const shown = toRule(made, new Map());
    expect(JSON.stringify(shown)).not.toContain('SECRET');
    const replaced = await catalog.replace(
      made.id,
      buildRuleInput({ webhookUrl: shown.webhookUrl, name: 'B' }),
    );
    expect(replaced).toMatchObject({ name: 'B', webhookUrl });
    const { webhookUrl: _, ...rest } = buildRuleInput();
    expect(await catalog.replace(made.id, rest)).toMatchObject({ webhookUrl });
    await catalog.replace(made.id, buildRuleInput({ webhookUrl: null }));
    expect((await catalog.find(made.id))?.webhookUrl).toBeUndefined();
    await expect(catalog.create(buildRuleInput({ webhookUrl: shown.webhookUrl }))).rejects.toMatchObject({
      code: 'invalid_webhook_url',
    });
  });

  it('deletes a rule', async () => {
    const made = await catalog.create(buildRuleInput());
    await catalog.delete(made.id);
    expect(await catalog.find(made.id)).toBeUndefined();
  });

  it('refuses what it does not know', async () => {
    await expect(catalog.replace('nope', buildRuleInput())).rejects.toMatchObject({ code: 'unknown_rule' });
    await expect(catalog.delete('nope')).rejects.toMatchObject({ kind: 'not_found', code: 'unknown_rule' });
  });

  it('refuses rules beyond the limit', async () => {
    for (let count = 1; count < MAX_RULES; count++)
      await store.save(buildRuleRecord({ id: `stored-${count}` }));
    await expect(catalog.create(buildRuleInput())).rejects.toMatchObject({ code: 'limit_rules' });
  });

  it('refuses to start with a file rule that cannot be evaluated, and names it', () => {
    const broken = { ...FILE_RULE, query: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds' };
    expect(() => new RuleCatalog([broken], store, clock, () => 'x')).toThrow(
      /Rule "From the file".*not a gauge/,
    );
  });
});

describe('a rule as the API shows it', () => {
  it('carries what its last evaluation came to', () => {
    const error = { code: 'storage_unavailable', message: 'ClickHouse does not answer' };
    const statuses = new Map([['rule-1', { evaluatedAt: 5, error }]]);
    expect(toRule(buildRule(), statuses)).toMatchObject({ lastEvaluatedAt: 5, lastError: error });
    expect(toRule(buildRule(), new Map())).toMatchObject({ lastEvaluatedAt: null, lastError: null });
  });

  it('says that it is not evaluated while Redis is away', () => {
    expect(toRule(buildRule(), undefined).lastError?.code).toBe('redis_unavailable');
  });
});
