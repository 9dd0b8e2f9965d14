import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertBatch, ProfileBatch, rollupHour } from '../src/index.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';
import { addWithSeries, CPU, profileRow, TEN_O_CLOCK } from './profile-rows.ts';

const HOUR = 3_600_000;

describe('rollupHour', () => {
  let storage: FreshStorage;

  beforeAll(async () => {
    storage = await freshStorage();
  });

  afterAll(async () => {
    await storage.drop();
  });

  async function foldedRows(): Promise<unknown[]> {
    const answer = await storage.clickhouse.select({
      text: `SELECT CAST(tenant AS String) AS tenant_id, CAST(type AS String) AS type_id, toUInt32(ts) AS hour, profiles,
  toFloat64(duration_ms) AS duration, total, stacks, vals
FROM profiles_1h FINAL ORDER BY tenant_id, fp, ts`,
      params: {},
    });
    const stacks = answer.uint64Arrays('stacks');
    const values = answer.numberArrays('vals');
    return Array.from({ length: answer.rows }, (_, row) => ({
      tenant: answer.strings('tenant_id')[row],
      type: answer.strings('type_id')[row],
      hourMs: answer.numbers('hour')[row]! * 1000,
      profiles: answer.numbers('profiles')[row],
      durationMs: answer.numbers('duration')[row],
      total: answer.numbers('total')[row],
      stacks: [...stacks.lo.subarray(stacks.offsets[row], stacks.offsets[row + 1])],
      values: [...values.values.subarray(values.offsets[row], values.offsets[row + 1])],
    }));
  }

  it('folds an hour into a row per series, and again without counting twice', async () => {
    const batch = new ProfileBatch();
    for (const [offset, stacks] of [
      [-1, { 1: 1000 }],
      [0, { 1: 5, 2: 7 }],
      [HOUR - 1, { 2: -3, 9: 4 }],
      [HOUR, { 1: 1000 }],
    ] as const) {
      addWithSeries(batch, profileRow({ timeMs: TEN_O_CLOCK + offset, stacks }));
    }
    addWithSeries(batch, profileRow({ tenant: 'beta', stacks: { 1: 1 } }));
    await insertBatch(storage.clickhouse, batch, 'first');
    await rollupHour(storage.clickhouse, { hourMs: TEN_O_CLOCK, version: 1, retentionDays: 400 });
    const acme = {
      tenant: 'acme',
      type: CPU,
      hourMs: TEN_O_CLOCK,
      profiles: 2,
      durationMs: 20_000,
      total: 13,
      stacks: [1, 2, 9],
      values: [5, 4, 4],
    };
    const beta = {
      ...acme,
      tenant: 'beta',
      profiles: 1,
      durationMs: 10_000,
      total: 1,
      stacks: [1],
      values: [1],
    };
    expect(await foldedRows()).toEqual([acme, beta]);

    const late = new ProfileBatch();
    addWithSeries(late, profileRow({ timeMs: TEN_O_CLOCK + 1000, stacks: { 9: 6 } }));
    await insertBatch(storage.clickhouse, late, 'late');
    await rollupHour(storage.clickhouse, { hourMs: TEN_O_CLOCK, version: 2, retentionDays: 400 });
    await rollupHour(storage.clickhouse, { hourMs: TEN_O_CLOCK, version: 1, retentionDays: 400 });
    expect(await foldedRows()).toEqual([
      { ...acme, profiles: 3, durationMs: 30_000, total: 19, values: [5, 4, 10] },
      beta,
    ]);
  });

  it('refuses a time that is not the start of an hour', async () => {
    await expect(
      rollupHour(storage.clickhouse, { hourMs: TEN_O_CLOCK + 1, version: 1, retentionDays: 30 }),
    ).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});
