import { DomainError } from '@everflame/profile';
import { FakeClock, quietLogger } from '@everflame/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { MAX_RULES, RuleCatalog, toRule } from '../src/application/rule-catalog.ts';
import { RULE_FORM, type RuleDocument } from '../src/documents/rule-document.ts';
import { openRuleKinds } from '../src/rules/rule-kinds.ts';
import { MemoryDocuments, MemoryGrowthExplainer, MemorySeriesReader } from './support/memory-ports.ts';
import {
  buildRule,
  buildRuleDocument,
  buildRuleInput,
  HEAP_TYPE,
  PRINCIPAL,
} from './support/record-builder.ts';

const FILE_RULE = buildRuleInput({ name: 'From the file', query: HEAP_TYPE, webhookUrl: undefined });
const kinds = openRuleKinds({
  reader: new MemorySeriesReader(),
  explainer: new MemoryGrowthExplainer(),
  dashboardUrl: '',
  logger: quietLogger(),
});

function openCatalog(
  store = new MemoryDocuments<RuleDocument>(RULE_FORM),
  clock = new FakeClock(),
  newId = () => 'x',
): RuleCatalog {
  const catalog = new RuleCatalog({ store, clock, kinds, newId });
  catalog.checkFile([FILE_RULE])();
  return catalog;
}

function checkRule(input: Parameters<typeof buildRuleInput>[0]): void {
  kinds['growth']?.check(buildRuleDocument(input));
}

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
    expect(codeThrownBy(() => checkRule({ query }))).toBe(code);
  });

  it('cannot group by what is no label name, or by one twice', () => {
    expect(codeThrownBy(() => checkRule({ groupBy: ['a-b'] }))).toBe('invalid_label');
    expect(codeThrownBy(() => checkRule({ groupBy: ['a', 'a'] }))).toBe('invalid_label');
  });
});

describe('the rule catalog', () => {
  let store: MemoryDocuments<RuleDocument>;
  let catalog: RuleCatalog;
  let clock: FakeClock;

  beforeEach(() => {
    store = new MemoryDocuments<RuleDocument>(RULE_FORM);
    clock = new FakeClock();
    let created = 0;
    catalog = openCatalog(store, clock, () => `rule-${++created}`);
  });

  it('lists rules of the file before those of the API', async () => {
    await catalog.create(PRINCIPAL, buildRuleInput({ name: 'A' }));
    const rules = await catalog.list(PRINCIPAL);
    expect(rules.map(({ name, source }) => [name, source])).toEqual([
      ['From the file', 'file'],
      ['A', 'api'],
    ]);
  });

  it('gives a rule of the file the same id in every process', async () => {
    const other = openCatalog(undefined, new FakeClock(0));
    expect((await other.list(PRINCIPAL)).map((rule) => rule.id)).toEqual(
      (await catalog.list(PRINCIPAL)).map((rule) => rule.id),
    );
  });

  it('does not change or delete a rule of the file', async () => {
    const [rule] = await catalog.list(PRINCIPAL);
    await expect(catalog.replace(PRINCIPAL, rule?.id ?? '', buildRuleInput())).rejects.toMatchObject({
      kind: 'conflict',
      code: 'rule_is_read_only',
    });
    await expect(catalog.delete(PRINCIPAL, rule?.id ?? '')).rejects.toMatchObject({
      code: 'rule_is_read_only',
    });
  });

  it('replaces a rule under its id, with a later time of change even within one millisecond', async () => {
    const made = await catalog.create(PRINCIPAL, buildRuleInput());
    const replaced = await catalog.replace(PRINCIPAL, made.id, buildRuleInput({ name: 'B' }));
    expect(replaced).toMatchObject({ id: made.id, name: 'B', updatedAt: made.updatedAt + 1 });
    expect(await catalog.find(PRINCIPAL, made.id)).toEqual(replaced);
  });

  it('keeps the webhook of a rule that is changed as it was shown', async () => {
    const webhookUrl = 'https://hooks.example/services/SECRET';
    const made = await catalog.create(PRINCIPAL, buildRuleInput({ webhookUrl }));
    const shown = toRule(made, new Map());
    expect(JSON.stringify(shown)).not.toContain('SECRET');
    const replaced = await catalog.replace(
      PRINCIPAL,
      made.id,
      buildRuleInput({ webhookUrl: shown.webhookUrl, name: 'B' }),
    );
    expect(replaced).toMatchObject({ name: 'B', webhookUrl });
    const { webhookUrl: _, ...rest } = buildRuleInput();
    expect(await catalog.replace(PRINCIPAL, made.id, rest)).toMatchObject({ webhookUrl });
    await catalog.replace(PRINCIPAL, made.id, buildRuleInput({ webhookUrl: null }));
    expect((await catalog.find(PRINCIPAL, made.id))?.webhookUrl).toBeUndefined();
    await expect(
      catalog.create(PRINCIPAL, buildRuleInput({ webhookUrl: shown.webhookUrl })),
    ).rejects.toMatchObject({
      code: 'invalid_webhook_url',
    });
  });

  it('deletes a rule', async () => {
    const made = await catalog.create(PRINCIPAL, buildRuleInput());
    await catalog.delete(PRINCIPAL, made.id);
    expect(await catalog.find(PRINCIPAL, made.id)).toBeUndefined();
  });

  it('refuses what it does not know', async () => {
    await expect(catalog.replace(PRINCIPAL, 'nope', buildRuleInput())).rejects.toMatchObject({
      code: 'unknown_rule',
    });
    await expect(catalog.delete(PRINCIPAL, 'nope')).rejects.toMatchObject({
      kind: 'not_found',
      code: 'unknown_rule',
    });
  });

  it('refuses rules beyond the limit', async () => {
    for (let count = 1; count < MAX_RULES; count++)
      await store.save(PRINCIPAL, buildRuleDocument({ id: `stored-${count}` }));
    await expect(catalog.create(PRINCIPAL, buildRuleInput())).rejects.toMatchObject({ code: 'limit_rules' });
  });

  it('has the rules of a changed file replace those before, and of a wrong one says which is wrong', async () => {
    const names = async () => (await catalog.list(PRINCIPAL)).map(({ name }) => name);
    const broken = { ...FILE_RULE, query: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds' };
    expect(() => catalog.checkFile([{ ...FILE_RULE, name: 'new' }, broken])).toThrow(
      /The rule "From the file".*not a gauge/,
    );
    expect(await names()).toEqual(['From the file']);
    catalog.checkFile([{ ...FILE_RULE, name: 'new' }])();
    expect(await names()).toEqual(['new']);
  });

  it('takes a rule with the id rollups like any other', async () => {
    const odd = openCatalog(store, clock, () => 'rollups');
    await odd.create(PRINCIPAL, buildRuleInput());
    expect((await odd.find(PRINCIPAL, 'rollups'))?.id).toBe('rollups');
  });

  it('keeps labels that a change leaves out, and refuses what cannot be labels', async () => {
    const made = await catalog.create(PRINCIPAL, buildRuleInput({ labels: { team: 'shop' } }));
    expect(await catalog.replace(PRINCIPAL, made.id, buildRuleInput())).toMatchObject({
      labels: { team: 'shop' },
    });
    expect(await catalog.replace(PRINCIPAL, made.id, buildRuleInput({ labels: {} }))).toMatchObject({
      labels: {},
    });
    for (const labels of [{ 'a-b': '' }, { alertname: 'x' }]) {
      await expect(catalog.replace(PRINCIPAL, made.id, buildRuleInput({ labels }))).rejects.toMatchObject({
        code: 'invalid_label',
      });
    }
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
