import { expect, it } from 'vitest';
import type { AlertStore, RuleStore } from '../../src/application/ports.ts';
import { START_MS } from './gauge-builder.ts';
import { buildAlertRecord, buildRuleRecord } from './record-builder.ts';

/** What every `RuleStore` promises. */
export function itStoresRules(makeStore: () => Promise<RuleStore>): void {
  it('answers nothing while it is empty', async () => {
    const store = await makeStore();
    expect(await store.list()).toEqual([]);
    expect(await store.find('nope')).toBeUndefined();
  });

  it('gives back what was saved, whole', async () => {
    const store = await makeStore();
    const rule = buildRuleRecord({ name: 'Ünï "cöde" \\ \n', groupBy: ['a', 'b'], minGrowthRatio: 0.25 });
    await store.save(rule);
    expect(await store.find(rule.id)).toEqual(rule);
  });

  it('gives back a rule without a webhook as one', async () => {
    const store = await makeStore();
    const { webhookUrl: _, ...rule } = buildRuleRecord();
    await store.save(rule);
    expect(await store.find(rule.id)).toEqual(rule);
  });

  it('lists by name', async () => {
    const store = await makeStore();
    for (const [id, name] of [
      ['1', 'b'],
      ['2', 'a'],
      ['3', 'b'],
    ] as const)
      await store.save(buildRuleRecord({ id, name }));
    expect((await store.list()).map((rule) => rule.id)).toEqual(['2', '1', '3']);
  });

  it('replaces by id', async () => {
    const store = await makeStore();
    await store.save(buildRuleRecord());
    await store.save(buildRuleRecord({ name: 'changed', updatedAt: START_MS + 1 }));
    expect((await store.list()).map((rule) => rule.name)).toEqual(['changed']);
  });

  it('deletes', async () => {
    const store = await makeStore();
    await store.save(buildRuleRecord({ id: 'kept' }));
    await store.save(buildRuleRecord({ id: 'gone' }));
    await store.delete(buildRuleRecord({ id: 'gone' }));
    expect((await store.list()).map((rule) => rule.id)).toEqual(['kept']);
  });
}

/** What every `AlertStore` promises. */
export function itStoresAlerts(makeStore: () => Promise<AlertStore>): void {
  it('gives back what was saved, whole', async () => {
    const store = await makeStore();
    const record = buildAlertRecord({ notifiedFiringAt: START_MS, explanationError: 'none' });
    await store.save(record);
    expect(await store.find(record.id)).toEqual(record);
    expect(await store.find('nope')).toBeUndefined();
  });

  it('keeps the last of many changes', async () => {
    const store = await makeStore();
    for (let change = 0; change < 20; change++) {
      await store.save(buildAlertRecord({ misses: change, savedAt: START_MS + change }));
    }
    expect((await store.list()).map((record) => record.misses)).toEqual([19]);
  });

  it('lists the newest first', async () => {
    const store = await makeStore();
    await store.save(buildAlertRecord({ id: 'old', startedAt: START_MS }));
    await store.save(buildAlertRecord({ id: 'new', startedAt: START_MS + 1 }));
    expect((await store.list()).map((record) => record.id)).toEqual(['new', 'old']);
  });

  it('deletes', async () => {
    const store = await makeStore();
    await store.save(buildAlertRecord());
    await store.delete(buildAlertRecord());
    expect(await store.list()).toEqual([]);
  });
}
