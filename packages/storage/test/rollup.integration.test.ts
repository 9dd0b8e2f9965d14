import { setClockAhead, insertBatch } from '@everflame/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  encodeBatch,
  insertEncoded,
  type MergedStacks,
  mergeStacks,
  ProfileBatch,
  type ProfileFilter,
  type RollupOptions,
  runRollups,
} from '../src/index.ts';
import { cutIntoSlices } from '../src/rollup/roll-up.ts';
import { rawOnly } from './raw-only.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';
import { addWithSeries, CPU, INUSE, profileRow } from './profile-rows.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Marks of the tests are as old as their inserts, so nothing needs to settle. */
const NOW: RollupOptions = { graceMs: 0, settleMs: 0, maxBuckets: 1000 };

describe('rollups', () => {
  let storage: FreshStorage;
  /** A UTC midnight three to four days ago. */
  let midnight: number;

  beforeAll(async () => {
    storage = await freshStorage();
  });

  afterAll(async () => {
    await storage.drop();
  });

  beforeEach(async () => {
    midnight = Math.floor(Date.now() / DAY) * DAY - 3 * DAY;
    for (const table of ['profiles', 'profiles_1h', 'profiles_1d', 'late_hours', 'rollup_state', 'series']) {
      await storage.clickhouse.command({ text: `TRUNCATE TABLE ${table} SYNC`, params: {} });
    }
  });

  type Row = Parameters<typeof profileRow>[0];

  async function insert(...rows: readonly Row[]): Promise<void> {
    const batch = new ProfileBatch();
    for (const row of rows) addWithSeries(batch, profileRow(row));
    await insertBatch(storage.clickhouse, batch);
  }

  function filter(overrides: Partial<ProfileFilter> = {}): ProfileFilter {
    return {
      tenant: 'acme',
      profileTypeId: CPU,
      matchers: [],
      fromMs: midnight,
      toMs: midnight + 3 * DAY,
      ...overrides,
    };
  }

  function comparable(merged: MergedStacks): unknown {
    const values = Array.from(merged.stackIdLo, (id, i) => [id, merged.values[i]] as const);
    const { kind, profiles, otherKindProfiles, series, instanceSeconds, total } = merged;
    const stacks = Object.fromEntries(values);
    return { kind, profiles, otherKindProfiles, series, instanceSeconds, total, stacks };
  }

  /** The same from raw profiles and from rollups. */
  async function merged(overrides: Partial<ProfileFilter> = {}): Promise<unknown> {
    const [raw, best] = await Promise.all(
      [rawOnly(storage.clickhouse), storage.clickhouse].map((source) =>
        mergeStacks(source, filter(overrides), { aggregate: 'kind' }),
      ),
    );
    expect(comparable(best!)).toEqual(comparable(raw!));
    return comparable(best!);
  }

  async function count(table: string): Promise<number> {
    const answer = await storage.clickhouse.select({
      text: `SELECT toUInt32(count()) AS n FROM ${table} FINAL`,
      params: {},
    });
    return answer.numbers('n')[0] ?? 0;
  }

  /** Raw profiles of the range are removed, so that only rollups can answer. */
  async function dropRaw(): Promise<void> {
    await storage.clickhouse.command({ text: 'TRUNCATE TABLE profiles SYNC', params: {} });
  }

  it('rolls settled hours and days up into a row per series, and nothing the second time', async () => {
    await insert(
      { timeMs: midnight, stacks: { 1: 5, 2: 7 } },
      { timeMs: midnight + HOUR - 1, stacks: { 2: -3, 9: 4 } },
      { timeMs: midnight + HOUR, stacks: { 1: 1000 } },
      { timeMs: midnight + DAY, stacks: { 1: 3 } },
      { timeMs: midnight, tenant: 'beta', stacks: { 1: 1 } },
    );
    const before = await merged();
    const run = await runRollups(storage.clickhouse, NOW);
    expect(run).toMatchObject({
      done: [{ late: 0 }, { settled: 3, late: 0 }],
      isBehind: false,
      lagSeconds: 0,
    });
    expect(run.done[0]?.settled).toBeGreaterThanOrEqual(72);
    expect(await count('profiles_1h')).toBe(4);
    expect(await count('profiles_1d')).toBe(3);
    expect(await runRollups(storage.clickhouse, NOW)).toMatchObject({
      done: [{ settled: 0, late: 0 }, { settled: 0 }],
    });
    expect(await merged()).toEqual(before);
    await dropRaw();
    const rolledUp = await mergeStacks(storage.clickhouse, filter(), { aggregate: 'kind' });
    expect(comparable(rolledUp)).toEqual(before);
  });

  it('leaves hours that are not settled alone', async () => {
    const now = Date.now();
    const thisHour = Math.floor(now / HOUR) * HOUR;
    await insert({ timeMs: thisHour, stacks: { 1: 1 } }, { timeMs: thisHour - 2 * HOUR, stacks: { 1: 1 } });
    await runRollups(storage.clickhouse, { ...NOW, graceMs: HOUR });
    expect(await count('profiles_1h')).toBe(1);
  });

  it('shows a late profile at once, and rolls its service up again in hour and day', async () => {
    const cart = { service: 'cart', fingerprint: { lo: 2, hi: 0 } };
    await insert({ timeMs: midnight, stacks: { 1: 1 } }, { ...cart, timeMs: midnight, stacks: { 1: 10 } });
    await runRollups(storage.clickhouse, NOW);
    await insert({ timeMs: midnight + 1, stacks: { 1: 100 } });
    expect(await merged()).toMatchObject({ stacks: { 1: 111 }, profiles: 3 });
    const again = await runRollups(storage.clickhouse, NOW);
    expect(again).toMatchObject({
      done: [
        { settled: 0, late: 1 },
        { settled: 0, late: 1 },
      ],
      isBehind: false,
    });
    expect(await merged()).toMatchObject({ stacks: { 1: 111 }, profiles: 3 });
    await dropRaw();
    const rolledUp = await mergeStacks(storage.clickhouse, filter(), { aggregate: 'kind' });
    expect(comparable(rolledUp)).toMatchObject({ stacks: { 1: 111 }, profiles: 3 });
    expect(await runRollups(storage.clickhouse, NOW)).toMatchObject({ done: [{ late: 0 }, { late: 0 }] });
  });

  it('notes hours that are over as late, again for every attempt, and never the running one', async () => {
    const marks = async (): Promise<readonly (readonly [number, number])[]> => {
      const answer = await storage.clickhouse.select({
        text: `SELECT toUInt32(hour) AS hour, toUnixTimestamp64Milli(at) AS at_ms FROM late_hours FINAL ORDER BY hour`,
        params: {},
      });
      const at = answer.numbers('at_ms');
      return Array.from(answer.numbers('hour'), (hour, i) => [hour * 1000, at[i] ?? 0] as const);
    };
    const thisHour = Math.floor(Date.now() / HOUR) * HOUR;
    await insert({ timeMs: Date.now(), stacks: { 1: 1 } }, { timeMs: Date.now() + HOUR, stacks: { 1: 1 } });
    expect(await marks()).toEqual([]);

    const batch = new ProfileBatch();
    for (const timeMs of [midnight, midnight + 1, thisHour - 2 * HOUR, Date.now()]) {
      addWithSeries(batch, profileRow({ timeMs, stacks: { 1: 1 } }));
    }
    const encoded = encodeBatch(batch);
    await insertEncoded(storage.clickhouse, encoded);
    const first = await marks();
    expect(first.map(([hour]) => hour)).toEqual([midnight, thisHour - 2 * HOUR]);
    await insertEncoded(storage.clickhouse, encoded);
    const second = await marks();
    expect(second.map(([, at], i) => at > (first[i]?.[1] ?? 0))).toEqual([true, true]);
  });

  it.each([-3, 3])('marks hours that are over by ClickHouse, also %d h off its clock', async (aheadHours) => {
    const hour = Math.floor(Date.now() / HOUR) * HOUR - 2 * HOUR;
    const rows = [hour, hour + 2 * HOUR].map((timeMs) => ({ timeMs, stacks: { 1: 1 } }));
    setClockAhead(aheadHours * HOUR);
    try {
      await insert(...rows);
    } finally {
      setClockAhead(0);
    }
    const marked = await storage.clickhouse.select({
      text: 'SELECT DISTINCT toUInt32(hour) AS hour FROM late_hours ORDER BY hour',
      params: {},
    });
    expect([...marked.numbers('hour')]).toEqual([hour / 1000]);
  });

  it('does not take what may still be under way for rolled up', async () => {
    await insert({ timeMs: midnight, stacks: { 1: 1 } });
    await runRollups(storage.clickhouse, { ...NOW, settleMs: 60_000 });
    // The mark is within the settle time: hour and day are folded, but read from raw profiles.
    await storage.clickhouse.command({ text: 'TRUNCATE TABLE profiles_1h SYNC', params: {} });
    await storage.clickhouse.command({ text: 'TRUNCATE TABLE profiles_1d SYNC', params: {} });
    expect(await merged()).toMatchObject({ stacks: { 1: 1 } });
    expect(await runRollups(storage.clickhouse, { ...NOW, settleMs: 60_000 })).toMatchObject({
      done: [{ late: 0 }, {}],
    });
    expect(await runRollups(storage.clickhouse, NOW)).toMatchObject({ done: [{ late: 1 }, { late: 1 }] });
    await dropRaw();
    const rolledUp = await mergeStacks(storage.clickhouse, filter(), { aggregate: 'kind' });
    expect(comparable(rolledUp)).toMatchObject({ stacks: { 1: 1 } });
  });

  it('continues where a run was cut off between the rows and the note of them', async () => {
    await insert({ timeMs: midnight, stacks: { 1: 1 } }, { timeMs: midnight + DAY, stacks: { 1: 2 } });
    await runRollups(storage.clickhouse, NOW);
    await storage.clickhouse.command({ text: 'TRUNCATE TABLE rollup_state SYNC', params: {} });
    await insert({ timeMs: midnight + 1, stacks: { 1: 10 } });
    expect(await merged()).toMatchObject({ stacks: { 1: 13 } });
    await runRollups(storage.clickhouse, NOW);
    await dropRaw();
    const rolledUp = await mergeStacks(storage.clickhouse, filter(), { aggregate: 'kind' });
    expect(comparable(rolledUp)).toMatchObject({ stacks: { 1: 13 }, profiles: 3 });
  });

  it('can be run twice at once', async () => {
    await insert({ timeMs: midnight, stacks: { 1: 1 } }, { timeMs: midnight + 5 * HOUR, stacks: { 1: 2 } });
    await Promise.all([runRollups(storage.clickhouse, NOW), runRollups(storage.clickhouse, NOW)]);
    await insert({ timeMs: midnight + 2, stacks: { 1: 40 } });
    await Promise.all([runRollups(storage.clickhouse, NOW), runRollups(storage.clickhouse, NOW)]);
    await merged();
    await dropRaw();
    const rolledUp = await mergeStacks(storage.clickhouse, filter(), { aggregate: 'kind' });
    expect(comparable(rolledUp)).toMatchObject({ stacks: { 1: 43 }, profiles: 3 });
  });

  it('catches up in bounded runs, the oldest hours first, and tells its lag', async () => {
    await insert({ timeMs: midnight + 30 * HOUR, stacks: { 1: 1 } }, { timeMs: midnight, stacks: { 1: 2 } });
    const first = await runRollups(storage.clickhouse, { ...NOW, maxBuckets: 20 });
    expect(first).toMatchObject({ done: [{ settled: 20 }, { settled: 0 }], isBehind: true });
    const sinceTwenty = (Date.now() - midnight - 21 * HOUR) / 1000;
    expect(first.lagSeconds).toBeGreaterThan(sinceTwenty - 60);
    expect(first.lagSeconds).toBeLessThanOrEqual(sinceTwenty + 1);
    await merged();
    let run = first;
    while (run.isBehind) run = await runRollups(storage.clickhouse, { ...NOW, maxBuckets: 20 });
    expect(run.lagSeconds).toBe(0);
    await dropRaw();
    const rolledUp = await mergeStacks(storage.clickhouse, filter(), { aggregate: 'kind' });
    expect(comparable(rolledUp)).toMatchObject({ stacks: { 1: 3 } });
  });

  it('ends early when it is told to, and goes on the next time', async () => {
    await insert({ timeMs: midnight, stacks: { 1: 1 } });
    const stopped = await runRollups(storage.clickhouse, NOW, AbortSignal.abort());
    expect(stopped).toMatchObject({ done: [{ settled: 0 }, { settled: 0 }], isBehind: true });
    expect(await runRollups(storage.clickhouse, NOW)).toMatchObject({
      done: [{}, { settled: 3 }],
      isBehind: false,
    });
  });

  it('keeps rows for the longest retention among their profiles, and counts once when the class changes', async () => {
    const late = { rollupDays: 401 - 1, retentionDays: 30 };
    await insert({ timeMs: midnight, retentionDays: 14, rollupDays: 30, stacks: { 1: 1 } });
    await runRollups(storage.clickhouse, NOW);
    await insert({ timeMs: midnight + 1, ...late, stacks: { 1: 2 } });
    await runRollups(storage.clickhouse, NOW);
    const partitions = await storage.clickhouse.select({
      text: 'SELECT retention_days, ver FROM profiles_1h ORDER BY 1',
      params: {},
    });
    expect([...partitions.numbers('retention_days')]).toEqual([30, 400]);
    await dropRaw();
    const day = { fromMs: midnight, toMs: midnight + DAY };
    for (const range of [day, { ...day, toMs: midnight + 4 * HOUR }]) {
      const rolledUp = await mergeStacks(storage.clickhouse, filter(range), { aggregate: 'kind' });
      expect(comparable(rolledUp)).toMatchObject({ stacks: { 1: 3 }, profiles: 2, series: 1 });
    }
  });

  it('averages a gauge over all profiles of a series across the resolutions', async () => {
    const heap = { type: INUSE, kind: 'gauge', durationMs: 0 } as const;
    const second = { ...heap, fingerprint: { lo: 2, hi: 0 } };
    await insert(
      { ...heap, timeMs: midnight + 1, stacks: { 1: 100 } },
      { ...heap, timeMs: midnight + HOUR, stacks: { 1: 200, 2: 6 } },
      { ...heap, timeMs: midnight + DAY + 1, stacks: { 1: 600 } },
      { ...second, timeMs: midnight + DAY + 2 * HOUR, stacks: { 1: 7 } },
    );
    await runRollups(storage.clickhouse, NOW);
    const range = { profileTypeId: INUSE, fromMs: midnight - 5 * HOUR + 7, toMs: midnight + 2 * DAY + 5 };
    expect(await merged(range)).toMatchObject({ stacks: { 1: 307, 2: 2 }, series: 2, profiles: 4 });
  });

  it('never rolls up what does not fit in 64 bits, and refuses to add it up', async () => {
    const huge = Array.from({ length: 600 }, (_, i) => ({
      timeMs: midnight + i,
      stacks: { 1: Number.MAX_SAFE_INTEGER },
    }));
    await insert(...huge, {
      service: 'cart',
      fingerprint: { lo: 9, hi: 0 },
      timeMs: midnight,
      stacks: { 1: 1 },
    });
    const run = await runRollups(storage.clickhouse, NOW);
    expect(run.isBehind).toBe(false);
    expect(await count('profiles_1h')).toBe(1);
    const one = await mergeStacks(storage.clickhouse, filter({ toMs: midnight + 4 * HOUR }), {
      aggregate: 'kind',
    });
    expect(one.exactValues).toEqual(BigInt64Array.of(600n * BigInt(Number.MAX_SAFE_INTEGER) + 1n));
    expect(one).toMatchObject({ isExact: false, profiles: 601 });
  });

  it('cuts large services by fingerprint and packs small ones', () => {
    const size = (
      service: string,
      samples: number,
      type = 'a',
    ): Parameters<typeof cutIntoSlices>[0][number] => ({
      tenant: 't',
      type,
      service,
      samples,
      magnitude: 0,
    });
    const slices = cutIntoSlices(
      [size('x', 4), size('y', 5), size('z', 2), size('big', 25), size('w', 1), size('w', 1, 'b')],
      10,
    );
    const half = { tenant: 't', type: 'a', services: ['big'] };
    expect(slices).toEqual([
      { tenant: 't', type: 'a', services: ['x', 'y'] },
      { tenant: 't', type: 'a', services: ['z', 'w'] },
      { ...half, fingerprints: ['0', '6148914691236517204'] },
      { ...half, fingerprints: ['6148914691236517205', '12297829382473034409'] },
      { ...half, fingerprints: ['12297829382473034410', '18446744073709551615'] },
      { tenant: 't', type: 'b', services: ['w'] },
    ]);
  });

  it('refuses senseless options', async () => {
    for (const bad of [{ graceMs: -1 }, { settleMs: Number.NaN }, { maxBuckets: 0 }]) {
      await expect(runRollups(storage.clickhouse, { ...NOW, ...bad })).rejects.toMatchObject({
        code: 'invalid_argument',
      });
    }
  });
});
