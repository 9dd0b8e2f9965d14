import { waitFor, insertBatch, addProfileRow } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProfileBatch } from '../src/index.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';
import { addWithSeries, profileRow } from './profile-rows.ts';

const DAY = 86_400_000;

describe('retention', () => {
  let storage: FreshStorage;

  beforeAll(async () => {
    storage = await freshStorage();
    // Looks for what is over every second, and not every four hours.
    await storage.clickhouse.command({
      text: 'ALTER TABLE profiles MODIFY SETTING merge_with_ttl_timeout = 1',
      params: {},
    });
  });

  afterAll(async () => {
    await storage.drop();
  });

  async function partsByClass(): Promise<Record<string, number>> {
    const answer = await storage.clickhouse.select({
      text: `SELECT toString(retention_days) AS days, toUInt32(uniqExact(_part)) AS parts FROM profiles GROUP BY days ORDER BY days`,
      params: {},
    });
    const parts = answer.numbers('parts');
    return Object.fromEntries(answer.strings('days').map((days, row) => [days, parts[row] ?? 0]));
  }

  it('drops the parts of a class that is over and leaves those of others', async () => {
    const noon = Math.floor(Date.now() / DAY) * DAY - DAY / 2;
    const batch = new ProfileBatch();
    for (const age of [0, 1, 6, 10]) {
      for (const [service, retentionDays] of [
        ['dev', 3],
        ['prod', 14],
      ] as const) {
        const timeMs = noon - age * DAY;
        addWithSeries(
          batch,
          profileRow({ service, retentionDays, rollupDays: 30, timeMs, stacks: { 1: 1 } }),
        );
      }
    }
    await insertBatch(storage.clickhouse, batch);
    await waitFor(async () => (await partsByClass())['3'] === 2, {
      what: 'parts that are over to be dropped',
    });
    expect(await partsByClass()).toEqual({ '3': 2, '14': 4 });
  });

  it('of the rollups stands with each profile, 400 days where nothing is said', async () => {
    const batch = new ProfileBatch();
    addWithSeries(batch, profileRow({ service: 'said', rollupDays: 400, stacks: { 1: 1 } }));
    addWithSeries(
      batch,
      profileRow({ service: 'short', retentionDays: 3, rollupDays: 30, stacks: { 1: 1 } }),
    );
    addWithSeries(batch, profileRow({ service: 'unsaid', stacks: { 1: 1 } }));
    await insertBatch(storage.clickhouse, batch);
    const answer = await storage.clickhouse.select({
      text: `SELECT CAST(service AS String) AS name, rollup_days FROM profiles WHERE service IN ('said', 'short', 'unsaid') ORDER BY name`,
      params: {},
    });
    expect(answer.strings('name').map((name, row) => [name, answer.numbers('rollup_days')[row]])).toEqual([
      ['said', 400],
      ['short', 30],
      ['unsaid', 400],
    ]);
  });

  it('of the rollups cannot end before that of their profiles', () => {
    const row = profileRow({ retentionDays: 14, rollupDays: 13, stacks: { 1: 1 } });
    expect(() => addProfileRow(new ProfileBatch(), row)).toThrow(
      expect.objectContaining({ code: 'value_out_of_range' }),
    );
  });
});
