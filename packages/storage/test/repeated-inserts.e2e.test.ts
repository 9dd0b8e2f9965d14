import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addFrameRow, addStackRow } from '@everflame/testkit';
import {
  type ClickHouse,
  encodeBatch,
  type EncodedBatch,
  heatmap,
  insertEncoded,
  labelContributions,
  labelNames,
  labelValues,
  listDocuments,
  listProfiles,
  loadFrames,
  loadStacks,
  type MergedStacks,
  mergePair,
  mergeStacks,
  newestProfiles,
  previewDeletion,
  ProfileBatch,
  profileStacks,
  profileTypes,
  rangeVersions,
  resolveSeries,
  runRollups,
  saveDocument,
  services,
  timeline,
} from '../src/index.ts';
import { RESOLUTIONS } from '../src/rollup/resolutions.ts';
import { selectRollupSizes } from '../src/rollup/roll-up.ts';
import { rawOnly } from './raw-only.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';
import { addWithSeries, CPU, frameRow, INUSE, profileRow } from './profile-rows.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const tenant = 'acme';
/** A UTC midnight three to four days ago. */
const midnight = Math.floor(Date.now() / DAY) * DAY - 3 * DAY;
/** No parts are this small. */
const NO_MERGES = 'max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1';
const ROLLUP = { graceMs: 0, settleMs: 0, maxBuckets: 1000 };

/** Two days of two services. Of one type the profiles are of two kinds, of which the commoner one is read. */
function batchOf(kind: 'interval' | 'gauge', instances: readonly number[]): EncodedBatch {
  const batch = new ProfileBatch();
  for (const instance of instances) {
    for (const [i, service] of ['cart', 'checkout'].entries()) {
      const fingerprint = { lo: instance * 2 + i, hi: 9 };
      for (const type of [CPU, INUSE]) {
        for (let hour = 0; hour < 30; hour += 5) {
          const row = profileRow({
            tenant,
            service,
            type,
            fingerprint,
            kind: type === CPU ? 'interval' : kind,
            // On the hour, as the overview of services tells times of hours that are rolled up.
            timeMs: midnight + hour * HOUR,
            stacks: { 1: 10 + instance, [2 + i]: 3 },
          });
          addWithSeries(batch, row, { instance: `i${instance}`, version: `v${instance % 2}` });
        }
      }
      for (const id of [1, 2, 3]) {
        const stack = { tenant, service, dayMs: midnight, idLo: id, idHi: 0xf000_0000 };
        addStackRow(batch, { ...stack, frameIdLo: Uint32Array.of(id), frameIdHi: Uint32Array.of(0) });
        addFrameRow(batch, frameRow({ tenant, dayMs: midnight, idLo: id, name: `f${id}` }));
      }
    }
  }
  return encodeBatch(batch);
}

describe('rows that are there several times', () => {
  let storage: FreshStorage;
  let tables: readonly string[];
  /** Series of intervals are the fewer, but for rows that count twice. */
  const batches = [batchOf('interval', [1, 2]), batchOf('gauge', [3, 4, 5])] as const;

  beforeAll(async () => {
    storage = await freshStorage();
    const { clickhouse } = storage;
    const answer = await clickhouse.select({
      text: "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'",
      params: {},
    });
    tables = answer.strings('name');
    // Otherwise ClickHouse might merge the copies away before they are read.
    for (const table of tables) await run(`ALTER TABLE ${table} MODIFY SETTING ${NO_MERGES}`);
    for (const batch of batches) await insertEncoded(clickhouse, batch);
    await runRollups(clickhouse, ROLLUP);
    for (const id of ['a', 'b']) {
      await saveDocument(clickhouse, 'rules', { tenant, id, version: 1, body: id });
      await saveDocument(clickhouse, 'alerts', { tenant, id, version: 1, body: id });
      await saveDocument(clickhouse, 'receivers', { tenant, id, version: 1, body: id });
    }
  });
  afterAll(() => storage.drop());

  const run = (text: string): Promise<void> => storage.clickhouse.command({ text, params: {} });

  /** Parts of tables, as they are read without looking for copies. */
  async function rowCounts(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const table of tables) {
      const text = `SELECT toFloat64(count()) AS row_count FROM ${table}`;
      counts[table] = (await storage.clickhouse.select({ text, params: {} })).numbers('row_count')[0] ?? 0;
    }
    return counts;
  }

  /** What every read of the package answers. */
  async function allReads(): Promise<unknown> {
    const { clickhouse } = storage;
    const range = { tenant, fromMs: midnight, toMs: midnight + 2 * DAY };
    const answers: unknown[] = [
      await services(clickhouse, { ...range, matchers: [] }),
      await services(rawOnly(clickhouse), { ...range, matchers: [] }),
      await profileTypes(clickhouse, { ...range, matchers: [] }),
      await previewDeletion(clickhouse, { ...range, matchers: [], fromMs: midnight + 1 }),
      await listDocuments(clickhouse, 'rules', tenant),
      await listDocuments(clickhouse, 'alerts', null),
      await listDocuments(clickhouse, 'receivers', tenant),
      (await loadStacks(clickhouse, idsOf([1, 2, 3], 0xf000_0000))).frameIdLo.toSorted(),
      (await loadFrames(clickhouse, idsOf([1, 2, 3], 0))).name.toSorted(),
    ];
    for (const resolution of RESOLUTIONS) {
      const task = { resolution, bucketMs: midnight, version: 1 };
      const sizes = await clickhouse.select(selectRollupSizes(task));
      answers.push([...sizes.numbers('samples')], [...sizes.numbers('magnitude')]);
    }
    for (const matchers of [[], [{ name: 'version', op: '=', value: 'v1' } as const]]) {
      const filter = { ...range, matchers };
      answers.push(
        await labelNames(clickhouse, filter),
        await labelValues(clickhouse, filter, 'instance'),
        await resolveSeries(clickhouse, filter),
      );
      for (const profileTypeId of [CPU, INUSE]) {
        answers.push(...(await readsOf({ ...filter, profileTypeId })));
      }
    }
    return answers;
  }

  async function readsOf(filter: Parameters<typeof mergeStacks>[1]): Promise<unknown[]> {
    const { clickhouse } = storage;
    const before = { ...filter, fromMs: filter.fromMs - 2 * DAY, toMs: filter.fromMs + DAY };
    const short = { ...filter, toMs: filter.fromMs + 600_000 };
    const answers: unknown[] = [];
    for (const aggregate of ['kind', 'sum'] as const) {
      for (const source of [clickhouse, rawOnly(clickhouse)]) {
        answers.push(comparable(await mergeStacks(source, filter, { aggregate })));
      }
      const pair = await mergePair(clickhouse, before, filter, { aggregate });
      answers.push(pair && [comparable(pair.left), comparable(pair.right)]);
      answers.push(comparable(await mergeStacks(clickhouse, short, { aggregate })));
    }
    for (const source of [clickhouse, rawOnly(clickhouse)]) {
      answers.push(
        await timeline(source, filter, { stepMs: HOUR, groupBy: 'instance' }),
        await timeline(source, filter, { stepMs: DAY }),
      );
    }
    const listed = await listProfiles(clickhouse, filter, 1000);
    const [first] = listed;
    const single =
      first && (await profileStacks(clickhouse, { ...first, tenant, profileTypeId: filter.profileTypeId }));
    answers.push(
      listed,
      await newestProfiles(clickhouse, filter, 7),
      single && comparable(single),
      await heatmap(clickhouse, filter, { stepMs: HOUR, valueBuckets: 5, scale: 'linear' }),
      await labelContributions(clickhouse, before, filter),
    );
    return answers;
  }

  it('change no answer, whichever batches are inserted again', async () => {
    const before = await allReads();
    const counts = await rowCounts();
    for (const repeated of [
      [batches[0], batches[0]],
      [batches[1], batches[0]],
    ]) {
      for (const batch of repeated) await insertEncoded(storage.clickhouse, batch);
      expect(await allReads()).toEqual(before);
    }
    expect((await rowCounts())['profiles']).toBeGreaterThan(2 * (counts['profiles'] ?? 0));
  });

  it('change no answer, whichever rows of which tables they are', async () => {
    const filter = { tenant, matchers: [], fromMs: midnight, toMs: midnight + 2 * DAY };
    const versions = async (): Promise<unknown> => {
      const [all] = await rangeVersions(storage.clickhouse, [filter]);
      return [all?.version, all?.newestMs];
    };
    const before = [await allReads(), await versions()];
    const counts = await rowCounts();
    const copies = fc.array(fc.record({ each: fc.integer({ min: 1, max: 4 }), from: fc.nat(3) }), {
      minLength: tables.length,
      maxLength: tables.length,
    });
    await fc.assert(
      fc.asyncProperty(copies, async (choices) => {
        for (const [i, { each, from }] of choices.entries()) {
          const table = tables[i] ?? '';
          await run(`INSERT INTO ${table} SELECT * FROM ${table} WHERE rowNumberInAllBlocks() % ${each} = ${from % each}
LIMIT ${counts[table]}`);
        }
        expect([await allReads(), await versions()]).toEqual(before);
      }),
      { numRuns: 3 },
    );
    const after = await rowCounts();
    for (const table of tables) expect([table, after[table]]).not.toEqual([table, counts[table]]);
  });

  it('are rolled up into the same rollups', async () => {
    const filter = { tenant, matchers: [], profileTypeId: CPU, fromMs: midnight, toMs: midnight + 2 * DAY };
    // Hours of the batches that were repeated are late: hours and days are rolled up anew, from rows with copies.
    expect(await runRollups(storage.clickhouse, ROLLUP)).toMatchObject({
      isBehind: false,
      done: [{}, { late: 2 }],
    });
    const merge = async (source: ClickHouse): Promise<unknown> =>
      comparable(await mergeStacks(source, filter, { aggregate: 'kind' }));
    expect(await merge(storage.clickhouse)).toEqual(await merge(rawOnly(storage.clickhouse)));
    const preview = await previewDeletion(storage.clickhouse, filter);
    expect([preview.profiles, preview.rollupRows.get('day')]).toEqual([60, 20]);
  });
});

function idsOf(ids: readonly number[], high: number) {
  return { tenant, idLo: Uint32Array.from(ids), idHi: new Uint32Array(ids.length).fill(high) };
}

/** Stacks come in no particular order. */
function comparable({ stackIdLo, stackIdHi: _hi, values, ...rest }: MergedStacks): unknown {
  return { ...rest, stacks: Object.fromEntries(Array.from(stackIdLo, (id, i) => [id, values[i]])) };
}
