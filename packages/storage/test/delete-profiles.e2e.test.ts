import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor, insertBatch } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ClickHouse,
  deleteProfiles,
  labelNames,
  labelValues,
  mergeStacks,
  openClickHouse,
  previewDeletion,
  ProfileBatch,
  rangeVersions,
  resolveSeries,
  runRollups,
  type SeriesFilter,
} from '../src/index.ts';
import { rawOnly } from './raw-only.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';
import { addWithSeries, CPU, INUSE, profileRow } from './profile-rows.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Start of the first of two days that are over. */
const START = Math.floor(Date.now() / DAY) * DAY - 2 * DAY;
const END = START + 2 * DAY;
/** Hours with profiles. */
const HOURS = [0, 5, 6, 12, 22, 23, 24, 25, 30, 31, 40, 47];
const ROLLUPS = { graceMs: 0, settleMs: 0, maxBuckets: 10_000 };

interface Fact {
  readonly service: string;
  readonly env: string;
  readonly type: string;
  readonly timeMs: number;
  readonly value: number;
}

const SERIES = [
  { service: 'shop', env: 'prod', type: CPU, fp: 1 },
  { service: 'shop', env: 'dev', type: CPU, fp: 2 },
  { service: 'shop', env: 'dev', type: INUSE, fp: 2 },
  { service: 'cart', env: 'dev', type: CPU, fp: 3 },
] as const;

/** Three profiles of every series in each of the hours. */
const FACTS: readonly Fact[] = HOURS.flatMap((hour) =>
  [0, 20, 40].flatMap((minute) =>
    SERIES.map(({ service, env, type }, s) => ({
      service,
      env,
      type,
      timeMs: START + hour * HOUR + minute * MINUTE + s,
      value: 1000 + hour * 70 + minute + s,
    })),
  ),
);

async function store(clickhouse: ClickHouse, tenant: string, facts: readonly Fact[] = FACTS): Promise<void> {
  const batch = new ProfileBatch();
  add(batch, tenant, facts);
  await insertBatch(clickhouse, batch);
}

function add(batch: ProfileBatch, tenant: string, facts: readonly Fact[]): void {
  for (const { service, env, type, timeMs, value } of facts) {
    const fp = SERIES.find((series) => series.service === service && series.env === env)!.fp;
    const row = profileRow({
      tenant,
      service,
      type,
      kind: type === CPU ? 'interval' : 'gauge',
      fingerprint: { lo: fp, hi: 7 },
      timeMs,
      stacks: { 1: value, [2 + (timeMs % 3)]: 5 },
    });
    addWithSeries(batch, row, { env, zone: `${env}-zone` });
  }
}

function selecting(
  tenant: string,
  fromMs: number,
  toMs: number,
  labels: Record<string, string>,
): SeriesFilter {
  const matchers = Object.entries(labels).map(([name, value]) => ({ name, op: '=' as const, value }));
  return { tenant, fromMs, toMs, matchers };
}

const isIn =
  ({ fromMs, toMs, matchers }: SeriesFilter) =>
  ({ timeMs, service, env }: Fact): boolean =>
    timeMs >= fromMs &&
    timeMs < toMs &&
    matchers.every(({ name, value }) => (name === 'env' ? env : service) === value);

const VIEWS: readonly (readonly [number, number, Record<string, string>])[] = [
  [START, END, {}],
  [START, END, { service_name: 'shop' }],
  [START, END, { env: 'dev' }],
  [START + DAY, END, {}],
  [START + 5 * HOUR + 1, END - 9 * HOUR, { env: 'dev' }],
  [START + DAY - 3 * HOUR, START + DAY + 8 * HOUR, { service_name: 'shop' }],
];

/** Every view, from rollups and from raw profiles alone, is what is left of the facts. */
async function expectLeft(
  clickhouse: ClickHouse,
  tenant: string,
  left: readonly Fact[],
  sources: readonly ('best' | 'raw')[] = ['best', 'raw'],
): Promise<void> {
  const views = sources.includes('raw') ? VIEWS : VIEWS.filter(([fromMs]) => fromMs % HOUR === 0);
  for (const [fromMs, toMs, labels] of views) {
    const filter = selecting(tenant, fromMs, toMs, labels);
    const facts = left.filter((fact) => fact.type === CPU && isIn(filter)(fact));
    const expected = [facts.reduce((sum, { value }) => sum + value + 5, 0), facts.length];
    for (const source of sources) {
      const merged = await mergeStacks(
        source === 'raw' ? rawOnly(clickhouse) : clickhouse,
        { ...filter, profileTypeId: CPU },
        { aggregate: 'kind' },
      );
      const total = merged.values.reduce((sum, value) => sum + value, 0);
      expect({ source, fromMs, toMs, labels, found: [total, merged.profiles] }).toEqual({
        source,
        fromMs,
        toMs,
        labels,
        found: expected,
      });
    }
  }
}

const RANGES: readonly (readonly [string, number, number, Record<string, string>])[] = [
  ['whole days of a service', START, START + DAY, { service_name: 'shop' }],
  ['whole hours of an environment', START + 5 * HOUR, START + DAY + 7 * HOUR, { env: 'dev' }],
  ['parts of hours', START + 5 * HOUR + 25 * MINUTE, START + DAY + 90 * MINUTE, { env: 'dev' }],
  ['less than an hour', START + 5 * HOUR + 25 * MINUTE, START + 5 * HOUR + 50 * MINUTE, {}],
  ['everything', START - DAY, END + DAY, {}],
];

const CUT_FACTS = FACTS.filter(
  ({ timeMs, type }) => type === CPU && timeMs >= START + 5 * HOUR && timeMs < START + 26 * HOUR,
);
const CUT_TENANTS = Array.from({ length: 12 }, (_, i) => `cut ${i}`);

describe('deleteProfiles', () => {
  /** What is left of each tenant that was prepared. */
  const leftOf = new Map<string, readonly Fact[]>();
  let storage: FreshStorage;
  let clickhouse: ClickHouse;

  beforeAll(async () => {
    storage = await freshStorage();
    clickhouse = storage.clickhouse;
    const batch = new ProfileBatch();
    for (const [tenant] of RANGES) add(batch, tenant, FACTS);
    add(batch, 'expired', FACTS);
    for (const tenant of CUT_TENANTS) add(batch, tenant, CUT_FACTS);
    await insertBatch(clickhouse, batch);
    await runRollups(clickhouse, ROLLUPS);
  });

  afterAll(async () => {
    await storage.drop();
  });

  const rowsOf = async (text: string): Promise<number> =>
    (await clickhouse.select({ text: `SELECT toUInt32(count()) AS found FROM ${text}`, params: {} })).numbers(
      'found',
    )[0] ?? 0;

  /** Rows of rollups that are not what folding the profiles would make. */
  async function wrongRollups(tenant: string): Promise<number> {
    const folded = (bucket: string, table: string): string => `(
  SELECT type, fp, toUnixTimestamp(${bucket}) AS start, count() AS n, sum(total) AS t FROM profiles FINAL
  WHERE tenant = '${tenant}' GROUP BY type, fp, start
  EXCEPT SELECT type, fp, toUnixTimestamp(ts), toUInt64(profiles), total FROM ${table} FINAL WHERE tenant = '${tenant}'
  UNION ALL (
    SELECT type, fp, toUnixTimestamp(ts), toUInt64(profiles), total FROM ${table} FINAL WHERE tenant = '${tenant}'
    EXCEPT SELECT type, fp, toUnixTimestamp(${bucket}) AS start, count(), sum(total) FROM profiles FINAL
    WHERE tenant = '${tenant}' GROUP BY type, fp, start))`;
    return (
      (await rowsOf(folded('toStartOfHour(ts)', 'profiles_1h'))) +
      (await rowsOf(folded('toStartOfDay(ts)', 'profiles_1d')))
    );
  }

  it.each(RANGES)('removes %s from every level, and nothing else', async (tenant, fromMs, toMs, labels) => {
    await expectLeft(clickhouse, tenant, FACTS);
    expect(await wrongRollups(tenant)).toBe(0);
    const filter = selecting(tenant, fromMs, toMs, labels);
    const gone = FACTS.filter(isIn(filter));
    const starts = gone.map(({ timeMs }) => timeMs - (timeMs % HOUR));
    const hours = new Set(starts.filter((startMs) => startMs >= fromMs && startMs + HOUR <= toMs));
    expect(await previewDeletion(clickhouse, filter)).toMatchObject({
      profiles: gone.length,
      series: new Set(gone.map(({ service, env, type }) => `${service} ${env} ${type}`)).size,
      serviceNames: [...new Set(gone.map(({ service }) => service))].toSorted(),
      firstMs: Math.min(gone[0]!.timeMs, ...hours),
      hours: hours.size,
      keptHours: [],
    });

    const [before] = await rangeVersions(clickhouse, [filter]);
    await deleteProfiles(clickhouse, filter);
    expect((await rangeVersions(clickhouse, [filter]))[0]!.version).not.toBe(before!.version);
    const left = FACTS.filter((fact) => !isIn(filter)(fact));
    leftOf.set(tenant, left);
    await expectLeft(clickhouse, tenant, left);
    expect(await previewDeletion(clickhouse, filter)).toMatchObject({
      profiles: 0,
      series: 0,
      services: 0,
      rollupRows: new Map([
        ['hour', 0],
        ['day', 0],
      ]),
      bytes: 0,
      firstMs: null,
      lastMs: null,
    });
  });

  it('forgets series and label values of whole days, and keeps those that others have', async () => {
    const tenant = 'labels';
    await store(clickhouse, tenant);
    await deleteProfiles(clickhouse, selecting(tenant, START, START + DAY, { env: 'prod' }));
    const deleted = selecting(tenant, START, START + DAY, {});
    expect((await resolveSeries(clickhouse, deleted)).items.map(({ labels }) => labels['env'])).toEqual([
      'dev',
      'dev',
      'dev',
    ]);
    expect((await labelValues(clickhouse, deleted, 'zone')).items).toEqual(['dev-zone']);
    expect((await labelValues(clickhouse, deleted, 'service_name')).items).toEqual(['cart', 'shop']);
    const later = selecting(tenant, START + DAY, END, {});
    expect((await labelValues(clickhouse, later, 'zone')).items).toEqual(['dev-zone', 'prod-zone']);

    await deleteProfiles(clickhouse, selecting(tenant, START, START + DAY - 1, { env: 'dev' }));
    // A millisecond of the day was left, so its names stay.
    expect((await labelValues(clickhouse, deleted, 'zone')).items).toEqual(['dev-zone']);
    await deleteProfiles(clickhouse, deleted);
    expect(await labelNames(clickhouse, deleted)).toEqual([]);
  });

  it('removes one profile type and leaves the others of the same series', async () => {
    const tenant = 'types';
    await store(clickhouse, tenant);
    await deleteProfiles(clickhouse, { ...selecting(tenant, START, END, {}), profileTypeId: INUSE });
    await expectLeft(clickhouse, tenant, FACTS);
    expect(await rowsOf(`profiles WHERE tenant = '${tenant}' AND type = '${INUSE}'`)).toBe(0);
    expect(await rowsOf(`series WHERE tenant = '${tenant}' AND type = '${INUSE}'`)).toBe(0);
    expect(await rowsOf(`label_values WHERE tenant = '${tenant}' AND type = '${INUSE}'`)).toBe(0);
    expect(await rowsOf(`label_values WHERE tenant = '${tenant}' AND type = '${CPU}'`)).toBeGreaterThan(0);
  });

  it('marks the same hours anew each time it changes them', async () => {
    const tenant = 'again';
    await store(clickhouse, tenant);
    const filter = selecting(tenant, START + 5 * HOUR + 25 * MINUTE, START + 5 * HOUR + 50 * MINUTE, {});
    await deleteProfiles(clickhouse, filter);
    // The middle profiles of that hour again, so that there is the same to delete.
    const back = FACTS.filter(isIn(filter));
    await store(clickhouse, tenant, back);
    const { newestMs } = (await rangeVersions(clickhouse, [filter]))[0]!;
    await deleteProfiles(clickhouse, filter);
    expect((await rangeVersions(clickhouse, [filter]))[0]!.newestMs).toBeGreaterThan(newestMs);
    await expectLeft(
      clickhouse,
      tenant,
      FACTS.filter((fact) => !back.includes(fact)),
    );
  });

  it('where profiles have expired removes whole hours, and says which parts of hours stay', async () => {
    const tenant = 'expired';
    const rawFromMs = START + 40 * HOUR;
    await clickhouse.command({
      text: `DELETE FROM profiles WHERE tenant = '${tenant}' AND toUnixTimestamp64Milli(ts) < ${rawFromMs}`,
      params: {},
    });
    await clickhouse.command({ text: `DELETE FROM late_hours WHERE tenant = '${tenant}'`, params: {} });
    await expectLeft(clickhouse, tenant, FACTS, ['best']);

    const firstHour = START + 5 * HOUR;
    const filter = selecting(tenant, firstHour + 25 * MINUTE, START + DAY + 90 * MINUTE, { env: 'dev' });
    const lastHour = START + DAY + HOUR;
    const preview = await previewDeletion(clickhouse, filter);
    expect(preview).toMatchObject({
      profiles: 0,
      series: 3,
      rollupRows: new Map([
        ['hour', 3 * 5],
        ['day', 0],
      ]),
      hours: 5,
      firstMs: firstHour + HOUR,
      lastMs: lastHour,
      keptHours: [firstHour, lastHour],
    });
    const [before] = await rangeVersions(clickhouse, [filter]);
    await deleteProfiles(clickhouse, filter);
    expect((await rangeVersions(clickhouse, [filter]))[0]!.version).not.toBe(before!.version);
    const removed = isIn({ ...filter, fromMs: firstHour + HOUR, toMs: lastHour });
    const left = FACTS.filter((fact) => !removed(fact));
    await expectLeft(clickhouse, tenant, left, ['best']);
  });

  it('does not block what is stored meanwhile, nor take more than it was asked to', async () => {
    const tenant = 'meanwhile';
    const [mine, others] = [
      FACTS.filter((f) => f.service === 'shop'),
      FACTS.filter((f) => f.service === 'cart'),
    ];
    await store(clickhouse, tenant, mine);
    let isDone = false;
    const deleting = deleteProfiles(
      clickhouse,
      selecting(tenant, START, END, { service_name: 'shop' }),
    ).finally(() => (isDone = true));
    let stored = 0;
    while (stored < others.length) {
      await store(clickhouse, tenant, others.slice(stored, stored + 6));
      stored += 6;
    }
    await deleting;
    expect(isDone).toBe(true);
    await expectLeft(clickhouse, tenant, others);
    // The same profiles can be sent again.
    await store(clickhouse, tenant, mine.slice(0, 30));
    await expectLeft(clickhouse, tenant, [...others, ...mine.slice(0, 30)]);
  });

  describe('with a rollup that began before', () => {
    /** A rollup that has read its profiles and stores an hour 15 s later; `finish` waits for that. */
    async function startFold(tenant: string): Promise<{ finish(): Promise<void> }> {
      const folding = clickhouse.command({
        text: `INSERT INTO profiles_1h
  (tenant, retention_days, type, kind, service, fp, ts, ver, profiles, duration_ms, total, stacks, vals)
SELECT '${tenant}', 400, '${CPU}', 'interval', 'shop', 1, toDateTime(${START / 1000}, 'UTC'), 3, 1, 1, 7, [1], [7]
FROM (SELECT max(number + sleepEachRow(0.1)) AS last FROM numbers(150))
WHERE last > 0
SETTINGS max_block_size = 1, max_threads = 1`,
        params: {},
      });
      await waitFor(
        async () => (await rowsOf(`system.processes WHERE query LIKE 'INSERT%''${tenant}''%'`)) > 0,
        { what: 'the rollup to run' },
      );
      return { finish: () => folding };
    }
    const storedHours = (tenant: string): Promise<number> =>
      rowsOf(`profiles_1h WHERE tenant = '${tenant}' AND service = 'shop'`);

    it('waits for it, and removes what it stored', async () => {
      const tenant = 'overlap';
      await store(clickhouse, tenant);
      const fold = await startFold(tenant);
      const deleting = deleteProfiles(clickhouse, selecting(tenant, START, END, { service_name: 'shop' }));
      await waitFor(
        async () => (await rowsOf(`profiles WHERE tenant = '${tenant}' AND service = 'shop'`)) === 0,
        { what: 'the profiles to be deleted' },
      );
      await fold.finish();
      await deleting;
      expect(await storedHours(tenant)).toBe(0);
    });

    it('gives up when that takes too long, and completes when it is repeated', async () => {
      const tenant = 'impatient';
      await store(clickhouse, tenant);
      const filter = selecting(tenant, START, END, { service_name: 'shop' });
      const fold = await startFold(tenant);
      await expect(deleteProfiles(clickhouse, filter, { patienceMs: 0 })).rejects.toMatchObject({
        code: 'deletion_unfinished',
      });
      await fold.finish();
      expect(await storedHours(tenant)).toBe(1);
      await deleteProfiles(clickhouse, filter);
      expect(await storedHours(tenant)).toBe(0);
    });
  });

  it('that is cut off after any change is completed by repeating it', async () => {
    const [, fromMs, toMs, labels] = RANGES[2]!;
    let cuts = 0;
    for (const [count, tenant] of CUT_TENANTS.entries()) {
      const filter = selecting(tenant, fromMs, toMs, labels);
      const proxy = await startCuttingProxy(storage.url, count);
      const cut = openClickHouse({
        url: proxy.url,
        database: clickhouse.database,
        requestTimeoutMs: 30_000,
      });
      const isComplete = await deleteProfiles(cut, filter).then(
        () => true,
        () => false,
      );
      await cut.close();
      await proxy.stop();
      if (!isComplete) await deleteProfiles(clickhouse, filter);
      const left = CUT_FACTS.filter((fact) => !isIn(filter)(fact));
      leftOf.set(tenant, left);
      await expectLeft(clickhouse, tenant, left, ['best']);
      if (isComplete) break;
      cuts += 1;
    }
    expect(cuts).toBeGreaterThan(5);
    expect(cuts).toBeLessThan(CUT_TENANTS.length);
  }, 180_000);

  it('leaves hours that are folded again as if what was deleted had never been there', async () => {
    expect(leftOf.size).toBeGreaterThan(RANGES.length + 5);
    await runRollups(clickhouse, ROLLUPS);
    for (const [tenant, left] of leftOf) {
      expect([tenant, await wrongRollups(tenant)]).toEqual([tenant, 0]);
      await expectLeft(clickhouse, tenant, left, ['best']);
    }
  }, 180_000);
});

/** Passes on reads and the first `count` changes, and then closes every connection that brings another. */
async function startCuttingProxy(
  target: string,
  count: number,
): Promise<{ url: string; stop(): Promise<void> }> {
  let changes = 0;
  const server: Server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      if (/^(INSERT|DELETE)/.test(body.toString('latin1', 0, 10)) && ++changes > count) {
        incoming.socket.destroy();
        return;
      }
      const { url = '/', method, headers } = incoming;
      request(new URL(url, target), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
