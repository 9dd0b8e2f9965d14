import type { Matcher } from '@everflame/profile';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertBatch } from '@everflame/testkit';
import {
  encodeBatch,
  insertEncoded,
  type MergedStacks,
  mergePair,
  mergeStacks,
  ProfileBatch,
  type ProfileFilter,
} from '../src/index.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';
import { addWithSeries, CPU, INUSE, profileRow, TEN_O_CLOCK } from './profile-rows.ts';

const BY_KIND = { aggregate: 'kind' } as const;

function stacksOf(merged: MergedStacks): Record<number, number> {
  expect([...merged.stackIdHi].every((hi) => hi === 0xf000_0000)).toBe(true);
  return Object.fromEntries(Array.from(merged.stackIdLo, (id, i) => [id, merged.values[i]!]));
}

describe('mergeStacks', () => {
  let storage: FreshStorage;

  beforeAll(async () => {
    storage = await freshStorage();
  });

  afterAll(async () => {
    await storage.drop();
  });

  async function insert(build: (batch: ProfileBatch) => void): Promise<void> {
    const batch = new ProfileBatch();
    build(batch);
    await insertBatch(storage.clickhouse, batch);
  }

  function filter(tenant: string, overrides: Partial<ProfileFilter> = {}): ProfileFilter {
    return {
      tenant,
      profileTypeId: CPU,
      matchers: [],
      fromMs: TEN_O_CLOCK,
      toMs: TEN_O_CLOCK + 3_600_000,
      ...overrides,
    };
  }

  it('sums intervals over time and series, as a sum in memory does', async () => {
    const tenant = 'sums';
    const expected = new Map<number, number>();
    await insert((batch) => {
      for (let i = 0; i < 400; i++) {
        const stacks: Record<number, number> = {};
        for (let k = 0; k < 60; k++)
          stacks[(i * 31 + k * 17) % 997] = ((i * 7919 + k * 104_729) % 1000) - 300;
        for (const [id, value] of Object.entries(stacks)) {
          expected.set(Number(id), (expected.get(Number(id)) ?? 0) + value);
        }
        const fingerprint = { lo: i % 8, hi: 1 };
        addWithSeries(batch, profileRow({ tenant, fingerprint, timeMs: TEN_O_CLOCK + i * 5000, stacks }));
      }
    });
    const merged = await mergeStacks(storage.clickhouse, filter(tenant), BY_KIND);
    expect(stacksOf(merged)).toEqual(Object.fromEntries(expected));
    expect(merged).toMatchObject({
      kind: 'interval',
      profiles: 400,
      series: 8,
      otherKindProfiles: 0,
      instanceSeconds: 4000,
      isExact: true,
      total: [...expected.values()].reduce((total, value) => total + value, 0),
    });
  });

  it.each([
    ['a few profiles', 40, 'interval', 1],
    ['as many as are few', 64, 'interval', 1],
    ['more than a few', 65, 'interval', 1],
    ['sums beyond 2^53', 40, 'interval', 2 ** 51],
    ['levels', 40, 'gauge', 1],
  ] as const)('adds up %s of a part of a service as it does those of all', async (_, count, kind, unit) => {
    const tenant = `few-${count}-${kind}-${unit}`;
    const type = kind === 'interval' ? CPU : INUSE;
    await insert((batch) => {
      for (let i = 0; i < count; i++) {
        const stacks = { 1: unit, 2: i % 2 === 0 ? 5 : -5, [10 + (i % 7)]: 3 + i };
        const fingerprint = { lo: 1 + (i % 3), hi: 2 };
        const own = { tenant, type, kind, fingerprint, timeMs: TEN_O_CLOCK + i * 1000, stacks } as const;
        const row = profileRow(own);
        addWithSeries(batch, row, { env: 'prod' });
        // The same profile again, and one of another kind.
        if (i % 5 === 0) addWithSeries(batch, row, { env: 'prod' });
        if (i % 8 === 0) {
          addWithSeries(batch, profileRow({ ...own, kind: 'cumulative', fingerprint: { lo: 9, hi: 9 } }), {
            env: 'prod',
          });
        }
      }
    });
    const range = { profileTypeId: type, toMs: TEN_O_CLOCK + 600_000 };
    const service: Matcher = { name: 'service_name', op: '=', value: 'checkout' };
    const env: Matcher = { name: 'env', op: '=', value: 'prod' };
    for (const aggregate of ['kind', 'sum'] as const) {
      const all = await mergeStacks(storage.clickhouse, filter(tenant, { ...range, matchers: [service] }), {
        aggregate,
      });
      const part = await mergeStacks(
        storage.clickhouse,
        filter(tenant, { ...range, matchers: [service, env] }),
        { aggregate },
      );
      expect(stacksOf(part)).toEqual(stacksOf(all));
      const scopeOf = ({ stackIdLo, stackIdHi, values, exactValues, ...rest }: MergedStacks): unknown => [
        rest,
        values.length,
        stackIdLo.length === stackIdHi.length,
        exactValues === undefined ? undefined : Array.from(exactValues, String).toSorted(),
      ];
      expect(scopeOf(part)).toEqual(scopeOf(all));
      expect(all.profiles).toBe(count);
    }
  });

  it('answers for one moment while profiles arrive', async () => {
    const tenant = 'arriving';
    const profiles = 30;
    const state = { isDone: false };
    const arriving = (async () => {
      for (let i = 0; i < profiles; i++) {
        const row = profileRow({ tenant, timeMs: TEN_O_CLOCK + i, stacks: { 1: 1 } });
        await insert((batch) => addWithSeries(batch, row));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      state.isDone = true;
    })();
    const right = filter(tenant, { fromMs: TEN_O_CLOCK + 1 });
    while (!state.isDone) {
      const merged = await mergeStacks(storage.clickhouse, filter(tenant), BY_KIND);
      expect(merged.total).toBe(merged.profiles);
      const pair = await mergePair(storage.clickhouse, filter(tenant), right, BY_KIND);
      for (const side of [pair?.left, pair?.right]) expect(side?.total).toBe(side?.profiles);
    }
    await arriving;
    const all = await mergeStacks(storage.clickhouse, filter(tenant), BY_KIND);
    expect([all.total, all.profiles]).toEqual([profiles, profiles]);
  });

  it('includes the start of the range and leaves out its end and other tenants and types', async () => {
    const tenant = 'edges';
    await insert((batch) => {
      for (const [offset, id] of [
        [-1, 1],
        [0, 2],
        [999, 3],
        [1000, 4],
      ] as const) {
        addWithSeries(batch, profileRow({ tenant, timeMs: TEN_O_CLOCK + offset, stacks: { [id]: 1 } }));
      }
      addWithSeries(batch, profileRow({ tenant: 'edges2', stacks: { 5: 1 } }));
      addWithSeries(batch, profileRow({ tenant, type: INUSE, kind: 'gauge', stacks: { 6: 1 } }));
    });
    const merged = await mergeStacks(
      storage.clickhouse,
      filter(tenant, { toMs: TEN_O_CLOCK + 1000 }),
      BY_KIND,
    );
    expect(stacksOf(merged)).toEqual({ 2: 1, 3: 1 });
  });

  it('averages levels per series, then sums over series', async () => {
    const tenant = 'levels';
    const level = { tenant, type: INUSE, kind: 'gauge', durationMs: 0 } as const;
    await insert((batch) => {
      // Series 1: three profiles; stack 2 is missing in two of them, which counts as 0.
      for (const [i, stacks] of [{ 1: 300 }, { 1: 600, 2: 90 }, { 1: 900 }].entries()) {
        addWithSeries(batch, profileRow({ ...level, timeMs: TEN_O_CLOCK + i * 1000, stacks }));
      }
      // Series 2: one profile.
      addWithSeries(batch, profileRow({ ...level, fingerprint: { lo: 2, hi: 0 }, stacks: { 1: 50, 3: 7 } }));
    });
    const levels = await mergeStacks(storage.clickhouse, filter(tenant, { profileTypeId: INUSE }), BY_KIND);
    expect(stacksOf(levels)).toEqual({ 1: 600 + 50, 2: 30, 3: 7 });
    expect(levels).toMatchObject({ kind: 'gauge', profiles: 4, series: 2, total: 687, instanceSeconds: 0 });

    const summed = await mergeStacks(storage.clickhouse, filter(tenant, { profileTypeId: INUSE }), {
      aggregate: 'sum',
    });
    expect(stacksOf(summed)).toEqual({ 1: 1850, 2: 90, 3: 7 });
  });

  it('counts a profile once however often it is inserted', async () => {
    const tenant = 'once';
    const batch = new ProfileBatch();
    const profile = profileRow({ tenant, stacks: { 1: 5, 2: 7 } });
    addWithSeries(batch, profile);
    const encoded = encodeBatch(batch);
    for (let i = 0; i < 3; i++) await insertEncoded(storage.clickhouse, encoded);
    const merged = await mergeStacks(storage.clickhouse, filter(tenant), BY_KIND);
    expect(stacksOf(merged)).toEqual({ 1: 5, 2: 7 });
    expect(merged.profiles).toBe(1);
  });

  it('selects by label with all four operators, where a missing label is the empty value', async () => {
    const tenant = 'labels';
    await insert((batch) => {
      const add = (id: number, service: string, labels: Record<string, string>): void =>
        addWithSeries(
          batch,
          profileRow({ tenant, service, fingerprint: { lo: id, hi: 7 }, stacks: { [id]: 1 } }),
          labels,
        );
      add(1, 'checkout', { version: 'v1.0', zone: 'eu' });
      add(2, 'checkout', { version: 'v2.0', zone: 'eu' });
      add(3, 'cart', { version: 'v2.1' });
      add(4, 'cart', { version: 'xv2', zone: "it's \\ a\nnew 'zone'" });
    });
    const select = async (...matchers: Matcher[]): Promise<number[]> => {
      const merged = await mergeStacks(storage.clickhouse, filter(tenant, { matchers }), BY_KIND);
      return Object.keys(stacksOf(merged)).map(Number);
    };
    const m = (name: string, op: Matcher['op'], value: string): Matcher => ({ name, op, value });
    expect(await select()).toEqual([1, 2, 3, 4]);
    expect(await select(m('zone', '=', 'eu'))).toEqual([1, 2]);
    expect(await select(m('zone', '!=', 'eu'))).toEqual([3, 4]);
    expect(await select(m('zone', '=', ''))).toEqual([3]);
    expect(await select(m('zone', '!=', ''))).toEqual([1, 2, 4]);
    expect(await select(m('zone', '=~', '|eu'))).toEqual([1, 2, 3]);
    expect(await select(m('version', '=~', 'v2.*'))).toEqual([2, 3]);
    expect(await select(m('version', '!~', 'v2.*'))).toEqual([1, 4]);
    expect(await select(m('zone', '=', "it's \\ a\nnew 'zone'"))).toEqual([4]);
    expect(await select(m('zone', '=~', 'it.*zone.'))).toEqual([4]);
    expect(await select(m('service_name', '=', 'cart'))).toEqual([3, 4]);
    expect(await select(m('service_name', '!=', 'cart'))).toEqual([1, 2]);
    expect(await select(m('service_name', '=~', 'c(ar|hecko).+'))).toEqual([1, 2, 3, 4]);
    expect(await select(m('service_name', '!~', 'ch.*'))).toEqual([3, 4]);
    expect(await select(m('service_name', '=', 'cart'), m('version', '=~', 'v.*'))).toEqual([3]);
    expect(await select(m('service_name', '=', 'nobody'))).toEqual([]);
  });

  it('selects by label over a range that crosses days', async () => {
    const tenant = 'days';
    const midnight = TEN_O_CLOCK + 14 * 3_600_000;
    await insert((batch) => {
      for (const timeMs of [midnight - 1000, midnight + 1000]) {
        addWithSeries(batch, profileRow({ tenant, timeMs, stacks: { 1: 1 } }), { zone: 'eu' });
      }
    });
    const range = { fromMs: midnight - 5000, toMs: midnight + 5000 };
    const matchers = [{ name: 'zone', op: '=', value: 'eu' }] as const;
    const merged = await mergeStacks(storage.clickhouse, filter(tenant, { ...range, matchers }), BY_KIND);
    expect(stacksOf(merged)).toEqual({ 1: 2 });
  });

  it('carries negative values and values up to 2^53 - 1, and says when a sum had to be rounded', async () => {
    const tenant = 'large';
    await insert((batch) => {
      addWithSeries(batch, profileRow({ tenant, stacks: { 1: -5, 2: Number.MAX_SAFE_INTEGER }, total: 0 }));
      addWithSeries(batch, profileRow({ tenant, stacks: { 1: 2 }, total: 2 }));
    });
    const exact = await mergeStacks(storage.clickhouse, filter(tenant), BY_KIND);
    expect(stacksOf(exact)).toEqual({ 1: -3, 2: Number.MAX_SAFE_INTEGER });
    expect(exact.isExact).toBe(true);

    await insert((batch) => addWithSeries(batch, profileRow({ tenant, stacks: { 2: 101 } })));
    const rounded = await mergeStacks(storage.clickhouse, filter(tenant), BY_KIND);
    expect(stacksOf(rounded)).toEqual({ 1: -3, 2: 2 ** 53 + 100 });
    expect(rounded.isExact).toBe(false);
  });

  it('refuses a total beyond 64 bits', async () => {
    const tenant = 'beyond';
    await insert((batch) => {
      for (let i = 0; i < 1200; i++) {
        addWithSeries(batch, profileRow({ tenant, stacks: { 1: Number.MAX_SAFE_INTEGER } }));
      }
    });
    await expect(mergeStacks(storage.clickhouse, filter(tenant), BY_KIND)).rejects.toMatchObject({
      code: 'value_too_large',
    });
  });

  it('merges the commonest kind only and counts what it leaves out', async () => {
    const tenant = 'mixed';
    await insert((batch) => {
      addWithSeries(batch, profileRow({ tenant, stacks: { 1: 10 } }));
      addWithSeries(batch, profileRow({ tenant, stacks: { 1: 20 } }));
      addWithSeries(batch, profileRow({ tenant, kind: 'cumulative', stacks: { 1: 1000 } }));
    });
    const merged = await mergeStacks(storage.clickhouse, filter(tenant), BY_KIND);
    expect(stacksOf(merged)).toEqual({ 1: 30 });
    expect(merged).toMatchObject({ kind: 'interval', profiles: 2, otherKindProfiles: 1 });
  });

  it('answers nothing, with the kind the type suggests, where there are no profiles', async () => {
    const empty = { profiles: 0, series: 0, total: 0, instanceSeconds: 0 };
    expect(await mergeStacks(storage.clickhouse, filter('none'), BY_KIND)).toMatchObject({
      ...empty,
      kind: 'interval',
    });
    expect(
      await mergeStacks(storage.clickhouse, filter('none', { profileTypeId: INUSE }), BY_KIND),
    ).toMatchObject({ ...empty, kind: 'gauge' });
  });

  it('merges two sides in one pass, and leaves to two what takes more than adding up', async () => {
    const tenant = 'pairs';
    const at = (hour: number, stacks: Record<number, number>, type = CPU): void =>
      void rows.push(
        profileRow({
          tenant,
          type,
          kind: type === CPU ? 'interval' : 'gauge',
          timeMs: TEN_O_CLOCK + hour * 3_600_000,
          stacks,
        }),
      );
    const rows: ReturnType<typeof profileRow>[] = [];
    at(0, { 1: 5, 2: 7 });
    at(1, { 2: 1, 3: 9 });
    at(2, { 1: 2 ** 53 - 1 });
    at(2, { 2: 2 });
    at(0, { 1: 100 }, INUSE);
    await insert((batch) => rows.forEach((row) => addWithSeries(batch, row)));
    const hour = (n: number, overrides: Partial<ProfileFilter> = {}): ProfileFilter =>
      filter(tenant, {
        fromMs: TEN_O_CLOCK + n * 3_600_000,
        toMs: TEN_O_CLOCK + (n + 1) * 3_600_000,
        ...overrides,
      });

    const pair = await mergePair(storage.clickhouse, hour(0), hour(1), BY_KIND);
    expect(pair && [stacksOf(pair.left), stacksOf(pair.right)]).toEqual([
      { 1: 5, 2: 7, 3: 0 },
      { 1: 0, 2: 1, 3: 9 },
    ]);
    expect(pair?.left.stackIdLo).toBe(pair?.right.stackIdLo);
    expect(pair?.right).toMatchObject({ total: 10, profiles: 1, series: 1, kind: 'interval' });
    const empty = await mergePair(storage.clickhouse, hour(0), hour(9), BY_KIND);
    expect(empty?.right).toMatchObject({ total: 0, profiles: 0 });

    expect(await mergePair(storage.clickhouse, hour(0), hour(2), BY_KIND)).toBeUndefined();
    const [before, after] = [hour(0, { profileTypeId: INUSE }), hour(1, { profileTypeId: INUSE })];
    expect(await mergePair(storage.clickhouse, before, after, BY_KIND)).toBeUndefined();
    const summed = await mergePair(storage.clickhouse, before, after, { aggregate: 'sum' });
    expect(summed && [summed.left.total, summed.right.total]).toEqual([100, 0]);
  });
});
