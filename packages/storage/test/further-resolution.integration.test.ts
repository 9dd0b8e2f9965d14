import { DAY_MS, HOUR_MS } from '@everflame/profile';
import { insertBatch } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  deleteProfiles,
  type MergedStacks,
  mergeStacks,
  previewDeletion,
  ProfileBatch,
  type ProfileFilter,
  runRollups,
  timeline,
} from '../src/index.ts';
import { readPlan } from '../src/read/plan/read-plan.ts';
import { createRollupTable, type Resolution, RESOLUTIONS } from '../src/rollup/resolutions.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';
import { addWithSeries, CPU, profileRow } from './profile-rows.ts';
import { rawOnly } from './raw-only.ts';

const EIGHT_HOURS: Resolution = {
  name: 'eight-hours',
  table: 'profiles_8h',
  widthMs: 8 * HOUR_MS,
  startOf: (time) => `toStartOfInterval(${time}, INTERVAL 8 HOUR)`,
};

describe('a further resolution, of which nothing but its line in the table knows', () => {
  let storage: FreshStorage;
  const resolutions = RESOLUTIONS as Resolution[];
  /** A UTC midnight four to five days ago. */
  const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS - 4 * DAY_MS;
  const all: ProfileFilter = {
    tenant: 'acme',
    profileTypeId: CPU,
    matchers: [],
    fromMs: midnight + HOUR_MS,
    toMs: midnight + 2 * DAY_MS + 17 * HOUR_MS,
  };

  beforeAll(async () => {
    storage = await freshStorage();
    resolutions.splice(1, 0, EIGHT_HOURS);
    await storage.clickhouse.command({
      text: createRollupTable(EIGHT_HOURS.table, { embedded: true }),
      params: {},
    });
    await insert(Array.from({ length: 31 }, (_, i) => midnight + (2 * i + 1) * HOUR_MS + 5));
  });

  afterAll(async () => {
    resolutions.splice(resolutions.indexOf(EIGHT_HOURS), 1);
    await storage.drop();
  });

  async function insert(times: readonly number[]): Promise<void> {
    const batch = new ProfileBatch();
    for (const timeMs of times) {
      addWithSeries(batch, profileRow({ timeMs, stacks: { 1: 3, [(timeMs / HOUR_MS) & 6]: 5 } }));
    }
    await insertBatch(storage.clickhouse, batch);
  }

  const rollUp = () => runRollups(storage.clickhouse, { graceMs: 0, settleMs: 0, maxBuckets: 1000 });

  function comparable({ stackIdLo, stackIdHi: _hi, values, ...rest }: MergedStacks): unknown {
    return { ...rest, stacks: Object.fromEntries(Array.from(stackIdLo, (id, i) => [id, values[i]])) };
  }

  /** What a range adds up to, which has to be the same from rollups and from raw profiles. */
  async function merged(filter: ProfileFilter = all): Promise<MergedStacks> {
    const found = await mergeStacks(storage.clickhouse, filter, { aggregate: 'kind' });
    const raw = await mergeStacks(rawOnly(storage.clickhouse), filter, { aggregate: 'kind' });
    expect(comparable(found)).toEqual(comparable(raw));
    const line = { stepMs: 8 * HOUR_MS };
    expect(await timeline(storage.clickhouse, { ...filter, fromMs: midnight }, line)).toEqual(
      await timeline(rawOnly(storage.clickhouse), { ...filter, fromMs: midnight }, line),
    );
    return found;
  }

  it('is rolled up from the finer one, and the coarser one from it', async () => {
    const { done } = await rollUp();
    expect(done.map(({ resolution }) => resolution)).toEqual(['hour', 'eight-hours', 'day']);
    expect(done[1]?.settled).toBeGreaterThanOrEqual(12);
    expect((await rollUp()).done).toEqual(
      done.map(({ resolution }) => ({ resolution, settled: 0, late: 0 })),
    );
  });

  it('is read between what is finer and what is coarser', async () => {
    const plan = await readPlan(storage.clickhouse, all);
    expect(plan.map(({ resolution, intervals }) => [resolution?.name, intervals])).toEqual([
      ['day', [[midnight + DAY_MS, midnight + 2 * DAY_MS]]],
      [
        'eight-hours',
        [
          [midnight + 8 * HOUR_MS, midnight + DAY_MS],
          [midnight + 2 * DAY_MS, midnight + 2 * DAY_MS + 16 * HOUR_MS],
        ],
      ],
      [
        'hour',
        [
          [midnight + HOUR_MS, midnight + 8 * HOUR_MS],
          [midnight + 2 * DAY_MS + 16 * HOUR_MS, midnight + 2 * DAY_MS + 17 * HOUR_MS],
        ],
      ],
    ]);
    expect(await merged()).toMatchObject({ profiles: 31 });
  });

  it('is late with its hours, and rolled up again', async () => {
    await insert([midnight + 9 * HOUR_MS + 6]);
    expect(await merged()).toMatchObject({ profiles: 32 });
    expect((await rollUp()).done).toEqual([
      { resolution: 'hour', settled: 0, late: 1 },
      { resolution: 'eight-hours', settled: 0, late: 1 },
      { resolution: 'day', settled: 0, late: 1 },
    ]);
    expect(await merged()).toMatchObject({ profiles: 32 });
  });

  it('loses what is deleted, as a whole and in part', async () => {
    const gone = { ...all, fromMs: midnight + 10 * HOUR_MS, toMs: midnight + DAY_MS + 20 * HOUR_MS };
    const { rollupRows } = await previewDeletion(storage.clickhouse, gone);
    expect([...rollupRows]).toEqual([
      ['hour', 17],
      ['eight-hours', 3],
      ['day', 0],
    ]);
    await deleteProfiles(storage.clickhouse, gone);
    expect(await merged()).toMatchObject({ profiles: 32 - 17 });
    await rollUp();
    expect(await merged()).toMatchObject({ profiles: 32 - 17 });
    await storage.clickhouse.command({ text: 'TRUNCATE TABLE profiles SYNC', params: {} });
    const found = await mergeStacks(storage.clickhouse, all, { aggregate: 'kind' });
    expect(found.profiles).toBe(32 - 17);
  });
});
