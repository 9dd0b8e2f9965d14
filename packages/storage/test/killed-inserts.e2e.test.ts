import { describeWithTool, addFrameRow, addStackRow } from '@everflame/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type ClickHouse,
  encodeBatch,
  insertEncoded,
  labelValues,
  listAlerts,
  listRules,
  loadFrames,
  loadStacks,
  mergeStacks,
  migrate,
  openClickHouse,
  previewDeletion,
  ProfileBatch,
  rangeVersions,
  runRollups,
  saveAlert,
  saveRule,
} from '../src/index.ts';
import { KillableClickHouse } from './killable-clickhouse.ts';
import { addWithSeries, CPU, frameRow, profileRow } from './profile-rows.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Of an hour that was over long ago. */
const TIME = Math.floor(Date.now() / DAY) * DAY - 3 * DAY + HOUR / 2;

describeWithTool(['strace'], 'an insert that ClickHouse was killed in, when it is repeated', () => {
  let server: KillableClickHouse;
  let clickhouse: ClickHouse;
  let tables: ReadonlyMap<string, string>;

  beforeAll(async () => {
    server = await KillableClickHouse.start();
    clickhouse = openClickHouse(server.options);
    await migrate(clickhouse, { embedded: true });
    const text = `SELECT name, toString(uuid) AS id FROM system.tables WHERE database = currentDatabase()`;
    const answer = await clickhouse.select({ text, params: {} });
    const names = answer.strings('name');
    tables = new Map(answer.strings('id').map((id, row) => [id, names[row] ?? '']));
  });
  afterAll(async () => {
    await clickhouse.close();
    await server.stop();
  });

  /**
   * For every rename of every statement: prepares, writes and is killed in the middle of it, starts again, writes once
   * more, and checks. Answers the tables that had a part written and not yet in its place when ClickHouse was killed.
   */
  async function killAtEveryRename(steps: {
    readonly prepare?: (attempt: string) => Promise<void>;
    readonly write: (clickhouse: ClickHouse, attempt: string) => Promise<unknown>;
    readonly check: (attempt: string) => Promise<void>;
  }): Promise<readonly string[]> {
    const hit: string[] = [];
    for (let statement = 1; ; statement++) {
      for (let rename = 1; ; rename++) {
        const attempt = `attempt-${statement}-${rename}`;
        await steps.prepare?.(attempt);
        const path = await server.killAtRename({ statement, rename }, (traced) =>
          steps.write(traced, attempt),
        );
        if (path === undefined && rename === 1) return hit.toSorted();
        if (path === undefined) break;
        const [, uuid = '', what = ''] = /\/([0-9a-f-]{36})\/(tmp_insert_)?[^/]*\/?$/.exec(path) ?? [];
        if (what !== '') hit.push(tables.get(uuid) ?? path);
        await server.restart();
        await steps.write(clickhouse, attempt);
        await steps.check(attempt);
      }
    }
  }

  function batchOf(service: string): ProfileBatch {
    const batch = new ProfileBatch();
    addFrameRow(batch, frameRow({ idLo: 21, name: `main.${service}`, dayMs: TIME, tenant: service }));
    const stack = { tenant: service, service, dayMs: TIME, idLo: 5, idHi: 0xf000_0000 };
    addStackRow(batch, { ...stack, frameIdLo: Uint32Array.of(21), frameIdHi: Uint32Array.of(0) });
    // Of two days, which are two parts.
    for (const timeMs of [TIME, TIME - DAY]) {
      const profile = profileRow({ tenant: service, service, timeMs, stacks: { 5: 70 } });
      addWithSeries(batch, profile, { env: 'prod' });
    }
    return batch;
  }
  const filterOf = (service: string) => ({
    tenant: service,
    profileTypeId: CPU,
    matchers: [{ name: 'service_name', op: '=', value: service } as const],
    fromMs: TIME - (TIME % DAY) - DAY,
    toMs: TIME - (TIME % DAY) + DAY,
  });

  it('is there once, in every table of a batch', async () => {
    const batches = new Map<string, ReturnType<typeof encodeBatch>>();
    const encoded = (service: string): ReturnType<typeof encodeBatch> => {
      const batch = batches.get(service) ?? encodeBatch(batchOf(service));
      batches.set(service, batch);
      return batch;
    };
    const hit = await killAtEveryRename({
      write: (traced, service) => insertEncoded(traced, encoded(service)),
      async check(service) {
        const filter = filterOf(service);
        const merged = await mergeStacks(clickhouse, filter, { aggregate: 'kind' });
        expect(merged).toMatchObject({ profiles: 2, total: 140 });
        const stacks = await loadStacks(clickhouse, {
          tenant: service,
          idLo: merged.stackIdLo,
          idHi: merged.stackIdHi,
        });
        expect([...stacks.frameIdLo]).toEqual([21]);
        const frames = await loadFrames(clickhouse, {
          tenant: service,
          idLo: stacks.frameIdLo,
          idHi: stacks.frameIdHi,
        });
        expect(frames.name).toEqual([`main.${service}`]);
        expect(await labelValues(clickhouse, { ...filter, matchers: [] }, 'env')).toMatchObject({
          items: ['prod'],
        });
        const byLabel = { ...filter, matchers: [{ name: 'env', op: '=', value: 'prod' } as const] };
        expect((await mergeStacks(clickhouse, byLabel, { aggregate: 'kind' })).profiles).toBe(2);
        expect((await rangeVersions(clickhouse, [filter]))[0]?.version).toMatch(/^2-/);
      },
    });
    expect(new Set(hit)).toEqual(
      new Set(['frames', 'stacks', 'series', 'label_values', 'late_hours', 'profiles']),
    );
    expect(hit.filter((table) => table === 'profiles')).toHaveLength(2);
  });

  it('is there once, in every table of the rollups', async () => {
    const options = { graceMs: 0, settleMs: 0, maxBuckets: 1000 };
    const hit = await killAtEveryRename({
      prepare: (service) => insertEncoded(clickhouse, encodeBatch(batchOf(`${service}-rolled`))),
      write: (traced) => runRollups(traced, options),
      async check(service) {
        const filter = filterOf(`${service}-rolled`);
        const day = { ...filter, fromMs: TIME - (TIME % DAY), toMs: TIME - (TIME % DAY) + DAY };
        expect(await previewDeletion(clickhouse, day)).toMatchObject({
          profiles: 1,
          rollupRows: new Map([
            ['hour', 1],
            ['day', 1],
          ]),
        });
        expect(await mergeStacks(clickhouse, day, { aggregate: 'kind' })).toMatchObject({
          profiles: 1,
          total: 70,
        });
        // Nothing is left to do.
        expect(await runRollups(clickhouse, options)).toMatchObject({
          isBehind: false,
          done: [{ late: 0 }, {}],
        });
      },
    });
    expect(new Set(hit)).toEqual(new Set(['profiles_1d', 'profiles_1h', 'rollup_state']));
  });

  it('is there once, as a rule and as an alert', async () => {
    const body = { threshold: 5 };
    const hit = await killAtEveryRename({
      async write(traced, id) {
        await saveRule(traced, { tenant: id, id, version: 1, body });
        await saveAlert(traced, { tenant: id, id, version: 1, body });
      },
      async check(id) {
        expect(await listRules(clickhouse, id)).toEqual([{ tenant: id, id, version: 1, body }]);
        expect(await listAlerts(clickhouse, id)).toEqual([{ tenant: id, id, version: 1, body }]);
      },
    });
    expect(hit).toEqual(['alerts', 'rules']);
  });
});
