import type { Principal } from '@everflame/service-kit';
import { beforeEach, expect, it } from 'vitest';
import type { DocumentStore } from '../../src/application/ports.ts';
import { ALERT_FORM } from '../../src/documents/alert-document.ts';
import { RECEIVER_FORM } from '../../src/documents/receiver-document.ts';
import { RULE_FORM } from '../../src/documents/rule-document.ts';
import type { DocumentForm } from '../../src/documents/versioned-document.ts';
import { START_MS } from './gauge-builder.ts';
import { buildAlert, buildDelivery, buildRuleDocument } from './record-builder.ts';

type MakeStore = <T extends object>(form: DocumentForm<T>) => Promise<DocumentStore<T>>;

let principal: Principal;
let tenants = 0;

/** Gives each test a tenant of its own. */
function startEmpty(): void {
  beforeEach(() => {
    principal = { tenant: `tenant-${++tenants}` };
  });
}

/** What every store of rules promises. */
export function itStoresRules(makeStore: MakeStore): void {
  startEmpty();

  it('answers nothing while it is empty', async () => {
    const store = await makeStore(RULE_FORM);
    expect(await store.list(principal)).toEqual([]);
    expect(await store.find(principal, 'nope')).toBeUndefined();
  });

  it('gives back what was saved, whole', async () => {
    const store = await makeStore(RULE_FORM);
    const rule = buildRuleDocument({
      name: 'Ünï "cöde" \\ \n',
      labels: { team: 'shop' },
      groupBy: ['a', 'b'],
      minGrowthRatio: 0.25,
    });
    await store.save(principal, rule);
    expect(await store.find(principal, rule.id)).toEqual(rule);
  });

  it('gives back a rule without a webhook as one', async () => {
    const store = await makeStore(RULE_FORM);
    const { webhookUrl: _, ...rule } = buildRuleDocument();
    await store.save(principal, rule);
    expect(await store.find(principal, rule.id)).toEqual(rule);
  });

  it('lists by name', async () => {
    const store = await makeStore(RULE_FORM);
    for (const [id, name] of [
      ['1', 'b'],
      ['2', 'a'],
      ['3', 'b'],
    ] as const)
      await store.save(principal, buildRuleDocument({ id, name }));
    expect((await store.list(principal)).map((rule) => rule.id)).toEqual(['2', '1', '3']);
  });

  it('replaces by id', async () => {
    const store = await makeStore(RULE_FORM);
    await store.save(principal, buildRuleDocument());
    await store.save(principal, buildRuleDocument({ name: 'changed', updatedAt: START_MS + 1 }));
    expect((await store.list(principal)).map((rule) => rule.name)).toEqual(['changed']);
  });

  it('deletes', async () => {
    const store = await makeStore(RULE_FORM);
    await store.save(principal, buildRuleDocument({ id: 'left' }));
    await store.save(principal, buildRuleDocument({ id: 'gone' }));
    await store.delete(principal, buildRuleDocument({ id: 'gone' }));
    expect((await store.list(principal)).map((rule) => rule.id)).toEqual(['left']);
  });

  it('shows nothing of one tenant to another', async () => {
    const store = await makeStore(RULE_FORM);
    await store.save(principal, buildRuleDocument());
    const other = { tenant: 'other' };
    expect([await store.list(other), await store.find(other, 'rule-1')]).toEqual([[], undefined]);
  });
}

/** What every store of receivers promises. */
export function itStoresReceivers(makeStore: MakeStore): void {
  startEmpty();

  it('gives back what was saved, by name', async () => {
    const store = await makeStore(RECEIVER_FORM);
    const receiver = { match: '{team="shop"}', kind: 'webhook', settings: { url: 'http://a' }, updatedAt: 1 };
    for (const id of ['b', 'a']) await store.save(principal, { ...receiver, id });
    expect(await store.list(principal)).toEqual([
      { ...receiver, id: 'a' },
      { ...receiver, id: 'b' },
    ]);
  });
}

/** What every store of alerts promises. */
export function itStoresAlerts(makeStore: MakeStore): void {
  startEmpty();

  it('gives back what was saved, whole', async () => {
    const store = await makeStore(ALERT_FORM);
    const deliveries = [buildDelivery({ toldFiringAt: START_MS, lastError: 'none' })];
    const alert = buildAlert({ deliveries, details: { explanationError: 'none', levels: [1, 2] } });
    await store.save(principal, alert);
    expect(await store.find(principal, alert.id)).toEqual(alert);
    expect(await store.find(principal, 'nope')).toBeUndefined();
  });

  it('keeps the last of many changes', async () => {
    const store = await makeStore(ALERT_FORM);
    for (let change = 0; change < 20; change++) {
      await store.save(principal, buildAlert({ misses: change, savedAt: START_MS + change }));
    }
    expect((await store.list(principal)).map((alert) => alert.misses)).toEqual([19]);
  });

  it('lists the newest first', async () => {
    const store = await makeStore(ALERT_FORM);
    await store.save(principal, buildAlert({ id: 'old', startedAt: START_MS }));
    await store.save(principal, buildAlert({ id: 'new', startedAt: START_MS + 1 }));
    expect((await store.list(principal)).map((alert) => alert.id)).toEqual(['new', 'old']);
  });

  it('deletes', async () => {
    const store = await makeStore(ALERT_FORM);
    await store.save(principal, buildAlert());
    await store.delete(principal, buildAlert());
    expect(await store.list(principal)).toEqual([]);
  });
}
