import type { Matcher } from '@everflame/profile';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertBatch } from '@everflame/testkit';
import {
  heatmap,
  labelContributions,
  newestProfiles,
  ProfileBatch,
  type ProfileFilter,
  profileStacks,
} from '../src/index.ts';
import type { StoredProfile } from '../src/read/list-profiles.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';
import { addWithSeries, CPU, INUSE, profileRow, TEN_O_CLOCK } from './profile-rows.ts';

const MINUTE = 60_000;
const RANGE: ProfileFilter = {
  tenant: 'acme',
  profileTypeId: CPU,
  matchers: [],
  fromMs: TEN_O_CLOCK,
  toMs: TEN_O_CLOCK + 4 * MINUTE,
};

describe('reads of single profiles and series', () => {
  let storage: FreshStorage;

  beforeAll(async () => {
    storage = await freshStorage();
    const batch = new ProfileBatch();
    const add = (row: Parameters<typeof profileRow>[0], labels: Record<string, string>): void =>
      addWithSeries(batch, profileRow(row), labels);
    const a = { fingerprint: { lo: 1, hi: 0xffff_ffff } };
    const b = { fingerprint: { lo: 2, hi: 0 } };
    const cart = { fingerprint: { lo: 3, hi: 0 }, service: 'cart' };
    // Ten seconds each: rates of 1, 10 and 100 in the first minute, 100 in the third.
    add({ ...a, timeMs: TEN_O_CLOCK, stacks: { 1: 4, 2: 6 } }, { version: 'v1', zone: 'eu' });
    add({ ...a, timeMs: TEN_O_CLOCK + 1000, stacks: { 1: 100 } }, { version: 'v1', zone: 'eu' });
    add({ ...b, timeMs: TEN_O_CLOCK + 2000, stacks: { 1: 1000 } }, { version: 'v2', zone: 'eu' });
    add({ ...b, timeMs: TEN_O_CLOCK + 2 * MINUTE, stacks: { 3: 1000 } }, { version: 'v2', zone: 'eu' });
    add({ ...cart, timeMs: TEN_O_CLOCK + 3 * MINUTE, durationMs: 0, stacks: { 1: 7 } }, {});
    const heap = { type: INUSE, kind: 'gauge', durationMs: 0 } as const;
    add({ ...a, ...heap, timeMs: TEN_O_CLOCK, stacks: { 1: 100 } }, { version: 'v1' });
    add({ ...a, ...heap, timeMs: TEN_O_CLOCK + 1, stacks: { 1: 200 } }, { version: 'v1' });
    add({ ...a, ...heap, timeMs: TEN_O_CLOCK + 3 * MINUTE, stacks: { 1: 450 } }, { version: 'v1' });
    await insertBatch(storage.clickhouse, batch);
  });

  afterAll(async () => {
    await storage.drop();
  });

  it('list the newest profiles with their labels and say when there are more', async () => {
    const { items, truncated } = await newestProfiles(storage.clickhouse, RANGE, 2);
    expect(truncated).toBe(true);
    expect(items.map(({ total, labels }) => [total, labels])).toEqual([
      [7, { service_name: 'cart' }],
      [1000, { service_name: 'checkout', version: 'v2', zone: 'eu' }],
    ]);
    expect(await newestProfiles(storage.clickhouse, { ...RANGE, tenant: 'nobody' }, 2)).toEqual({
      items: [],
      truncated: false,
    });
  });

  it('open one profile with or without the name of its service', async () => {
    const { items } = await newestProfiles(storage.clickhouse, RANGE, 10);
    const oldest = items.at(-1) as StoredProfile;
    const key = { tenant: 'acme', profileTypeId: CPU, ...oldest };
    for (const service of [undefined, 'checkout']) {
      const opened = await profileStacks(storage.clickhouse, { ...key, service });
      expect(opened).toMatchObject({
        kind: 'interval',
        service: 'checkout',
        durationMs: 10_000,
        total: 10,
        profiles: 1,
        instanceSeconds: 10,
      });
      expect([...opened!.stackIdLo]).toEqual([1, 2]);
      expect([...opened!.values]).toEqual([4, 6]);
    }
    expect(await profileStacks(storage.clickhouse, { ...key, service: 'cart' })).toBeUndefined();
    expect(await profileStacks(storage.clickhouse, { ...key, tenant: 'other' })).toBeUndefined();
  });

  it('count profiles by time and size, by rate for intervals', async () => {
    const grid = { stepMs: MINUTE, valueBuckets: 2, scale: 'log' } as const;
    const answer = await heatmap(storage.clickhouse, RANGE, grid);
    expect(answer).toMatchObject({ kind: 'interval', buckets: 4, max: 100, profiles: 5, withoutDuration: 1 });
    expect([...answer.edges]).toEqual([1, 10]);
    expect([...answer.counts]).toEqual([1, 0, 0, 0, 2, 0, 1, 0]);
    const linear = await heatmap(storage.clickhouse, RANGE, { ...grid, scale: 'linear' });
    expect([...linear.edges]).toEqual([1, 50.5]);
    expect([...linear.counts]).toEqual([2, 0, 0, 0, 1, 0, 1, 0]);
  });

  it('count gauges by their total, in one row where all are alike and none where there are none', async () => {
    const grid = { stepMs: 4 * MINUTE, valueBuckets: 7, scale: 'linear' } as const;
    const levels = await heatmap(storage.clickhouse, { ...RANGE, profileTypeId: INUSE }, grid);
    expect([...levels.edges]).toEqual([100, 150, 200, 250, 300, 350, 400]);
    expect([...levels.counts]).toEqual([1, 0, 1, 0, 0, 0, 1]);
    const alike = await heatmap(
      storage.clickhouse,
      { ...RANGE, profileTypeId: INUSE, toMs: TEN_O_CLOCK + 1 },
      grid,
    );
    expect([...alike.edges]).toEqual([100]);
    expect([...alike.counts]).toEqual([1]);
    const none = await heatmap(storage.clickhouse, { ...RANGE, tenant: 'nobody' }, grid);
    expect(none).toMatchObject({ profiles: 0, edges: new Float64Array(0), counts: new Uint32Array(0) });
  });

  it('refuse a grid that is too fine', async () => {
    for (const grid of [
      { stepMs: 1, valueBuckets: 1 },
      { stepMs: 0, valueBuckets: 1 },
      { stepMs: MINUTE, valueBuckets: 0 },
      { stepMs: MINUTE, valueBuckets: 1e6 },
    ]) {
      await expect(heatmap(storage.clickhouse, RANGE, { ...grid, scale: 'linear' })).rejects.toMatchObject({
        code: 'invalid_step',
      });
    }
  });

  describe('label contributions', () => {
    const left: ProfileFilter = { ...RANGE, toMs: TEN_O_CLOCK + 2 * MINUTE };
    const right: ProfileFilter = { ...RANGE, fromMs: TEN_O_CLOCK + 2 * MINUTE };

    it('say how much of a difference the values of each label carry', async () => {
      const answer = await labelContributions(storage.clickhouse, left, right);
      expect(answer).toMatchObject({ kind: 'interval', truncated: false });
      expect(answer.all).toMatchObject({ left: 1110, right: 1007, leftSeries: 2, rightSeries: 2 });
      const table = answer.labels.map(({ name, values }) => [
        name,
        values.map((value) => [value.value, value.left, value.right]),
      ]);
      expect(Object.fromEntries(table)).toEqual({
        service_name: [
          ['checkout', 1110, 1000],
          ['cart', 0, 7],
        ],
        version: [
          ['v1', 110, 0],
          ['', 0, 7],
          ['v2', 1000, 1000],
        ],
        zone: [
          ['eu', 1110, 1000],
          ['', 0, 7],
        ],
      });
      expect(answer.labels.every(({ rest, restValues }) => rest.left === 0 && restValues === 0)).toBe(true);
    });

    it('keep the rest exact when values and labels are cut', async () => {
      const limits = { names: 2, values: 1 };
      const answer = await labelContributions(storage.clickhouse, left, right, limits);
      expect(answer.truncated).toBe(true);
      expect(answer.labels.map(({ name }) => name)).toEqual(['service_name', 'version']);
      expect(answer.labels[1]).toMatchObject({
        values: [
          { value: 'v1', left: 110, right: 0, leftSeconds: 20 },
          { value: '', left: 0, right: 7 },
        ],
        rest: { left: 1000, right: 1000, leftSeconds: 10, rightSeconds: 10, leftSeries: 1, rightSeries: 1 },
        restValues: 1,
      });
    });

    it('average gauges per series, and narrow each side by its own matchers', async () => {
      const gauges = await labelContributions(
        storage.clickhouse,
        { ...left, profileTypeId: INUSE },
        { ...right, profileTypeId: INUSE },
      );
      expect(gauges.all).toMatchObject({ left: 150, right: 450 });
      const only = (value: string): Matcher[] => [{ name: 'version', op: '=', value }];
      const versions = await labelContributions(
        storage.clickhouse,
        { ...RANGE, matchers: only('v1') },
        { ...RANGE, matchers: only('v2') },
      );
      expect(versions.all).toMatchObject({ left: 110, right: 2000 });
      expect(
        await labelContributions(storage.clickhouse, { ...left, tenant: 'x' }, { ...right, tenant: 'x' }),
      ).toMatchObject({ labels: [], all: { left: 0, right: 0 } });
    });
  });
});
