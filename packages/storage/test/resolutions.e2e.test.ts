import type { Matcher } from '@everflame/profile';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertBatch } from '@everflame/testkit';
import {
  ClickHouse,
  type MergedStacks,
  mergePair,
  mergeStacks,
  ProfileBatch,
  type ProfileFilter,
  runRollups,
  services,
  timeline,
} from '../src/index.ts';
import { rawOnly } from './raw-only.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';
import { addWithSeries, CPU, INUSE, profileRow } from './profile-rows.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SERVICES = ['cart', 'checkout', 'search'] as const;

interface Profile {
  readonly service: number;
  readonly instance: number;
  readonly isGauge: boolean;
  readonly minute: number;
  readonly durationMs: number;
  readonly stacks: Readonly<Record<number, number>>;
}

const profiles = fc.array(
  fc.record<Profile>({
    service: fc.nat(2),
    instance: fc.nat(2),
    isGauge: fc.boolean(),
    // Within three days, often in the same hours.
    minute: fc.oneof(fc.nat(3 * 24 * 60 - 1), fc.integer({ min: 1380, max: 1600 })),
    durationMs: fc.constantFrom(0, 7000, 10_000),
    stacks: fc.dictionary(fc.constantFrom('1', '2', '3'), fc.integer({ min: -3, max: 1000 }), { minKeys: 1 }),
  }),
  { minLength: 1, maxLength: 25 },
);

/** Profiles that arrive, and a run of the rollups or none after them. */
const steps = fc.array(fc.record({ profiles, maxBuckets: fc.constantFrom(0, 1, 7, 1000) }), {
  minLength: 1,
  maxLength: 4,
});

const ranges = fc.array(
  fc.record({
    from: fc.oneof(fc.nat(3 * 24 * 60), fc.constantFrom(0, 60, 1440)),
    minutes: fc.oneof(fc.integer({ min: 200, max: 3 * 24 * 60 }), fc.constantFrom(240, 1440, 2880)),
    matcher: fc.constantFrom<Matcher | undefined>(
      undefined,
      { name: 'service_name', op: '=', value: 'cart' },
      { name: 'service_name', op: '=~', value: 'c.*' },
      { name: 'instance', op: '!=', value: 'i1' },
    ),
    stepMinutes: fc.constantFrom(45, 60, 120, 1440),
  }),
  { minLength: 3, maxLength: 3 },
);

function comparable(merged: MergedStacks) {
  const { stackIdLo, stackIdHi: _hi, values, ...rest } = merged;
  return { ...rest, stacks: Object.fromEntries(Array.from(stackIdLo, (id, i) => [id, values[i]])) };
}

describe('reads over rollups', () => {
  let storage: FreshStorage;
  let tenants = 0;
  /** A UTC midnight four to five days ago. */
  const midnight = Math.floor(Date.now() / DAY) * DAY - 4 * DAY;

  beforeAll(async () => {
    storage = await freshStorage();
    // Every hour is rolled up before the first profile comes, so all of them are late.
    await insert('first', [{ ...QUIET, minute: 0 }]);
    await roll(1000);
  });

  afterAll(async () => {
    await storage.drop();
  });

  async function insert(tenant: string, rows: readonly Profile[]): Promise<void> {
    const batch = new ProfileBatch();
    for (const { service, instance, isGauge, minute, durationMs, stacks } of rows) {
      const row = profileRow({
        tenant,
        service: SERVICES[service]!,
        fingerprint: { lo: service * 10 + instance + 1, hi: 0x8000_0000 },
        timeMs: midnight + minute * MINUTE + instance,
        durationMs: isGauge ? 0 : durationMs,
        stacks,
        ...(isGauge ? { type: INUSE, kind: 'gauge' as const } : {}),
      });
      addWithSeries(batch, row, { instance: `i${instance}`, version: `v${service}` });
    }
    await insertBatch(storage.clickhouse, batch);
  }

  async function roll(maxBuckets: number): Promise<void> {
    await runRollups(storage.clickhouse, { graceMs: 0, settleMs: 0, maxBuckets });
  }

  function filterOf(tenant: string, range: { from: number; minutes: number; matcher?: Matcher | undefined }) {
    const fromMs = midnight + range.from * MINUTE;
    return {
      tenant,
      matchers: range.matcher === undefined ? [] : [range.matcher],
      fromMs,
      toMs: fromMs + range.minutes * MINUTE,
    };
  }

  /** What a person may ask of a range. */
  async function everyRead(
    clickhouse: ClickHouse,
    filter: Omit<ProfileFilter, 'profileTypeId'>,
    stepMs: number,
  ): Promise<unknown> {
    const cpu = { ...filter, profileTypeId: CPU };
    const heap = { ...filter, profileTypeId: INUSE };
    const fromMs = Math.floor(filter.fromMs / stepMs) * stepMs;
    const line = { stepMs, groupBy: 'instance' };
    return Promise.all([
      mergeStacks(clickhouse, cpu, { aggregate: 'kind' }).then(comparable),
      mergeStacks(clickhouse, heap, { aggregate: 'kind' }).then(comparable),
      mergeStacks(clickhouse, heap, { aggregate: 'sum' }).then(comparable),
      timeline(clickhouse, { ...cpu, fromMs }, line),
      timeline(clickhouse, { ...heap, fromMs }, line),
      services(clickhouse, filter).then((found) =>
        // Times are those of the hour.
        found.map(({ lastSeen: _last, versions, ...rest }) => ({
          ...rest,
          versions: versions.map(({ version }) => version),
        })),
      ),
    ]);
  }

  /** Both sides as `mergeStacks` would answer them: without the stacks that a side lacks. */
  async function pairOf(left: ProfileFilter, right: ProfileFilter): Promise<readonly unknown[] | undefined> {
    const pair = await mergePair(storage.clickhouse, left, right, { aggregate: 'kind' });
    if (pair === undefined) return undefined;
    return [pair.left, pair.right].map((side) => {
      const { stacks, ...rest } = comparable(side);
      return {
        ...rest,
        stacks: Object.fromEntries(Object.entries(stacks).filter(([, value]) => value !== 0)),
      };
    });
  }

  it('answer exactly what raw profiles do, whatever is rolled up, late or rolled up again', async () => {
    await fc.assert(
      fc.asyncProperty(steps, ranges, async (arrivals, asked) => {
        const tenant = `tenant-${tenants++}`;
        for (const { profiles: rows, maxBuckets } of arrivals) {
          await insert(tenant, rows);
          if (maxBuckets > 0) await roll(maxBuckets);
          for (const range of asked) {
            const filter = filterOf(tenant, range);
            const stepMs = range.stepMinutes * MINUTE;
            const [raw, best] = await Promise.all([
              everyRead(rawOnly(storage.clickhouse), filter, stepMs),
              everyRead(storage.clickhouse, filter, stepMs),
            ]);
            expect(best).toEqual(raw);
          }
          const [before, after] = asked.map((range) => ({ ...filterOf(tenant, range), profileTypeId: CPU }));
          const apart = await Promise.all(
            [before!, after!].map((filter) =>
              mergeStacks(rawOnly(storage.clickhouse), filter, { aggregate: 'kind' }).then(comparable),
            ),
          );
          expect(await pairOf(before!, after!)).toEqual(apart);
        }
      }),
      { numRuns: 8, seed: 20_261_123 },
    );
  }, 300_000);

  it('use the rollups: their answer stays when raw profiles are gone', async () => {
    const tenant = 'expired';
    const row = { ...QUIET, stacks: { 1: 5 } };
    await insert(tenant, [
      { ...row, minute: 90 },
      { ...row, minute: 25 * 60 },
      { ...row, minute: 50 * 60, instance: 1 },
    ]);
    await roll(1000);
    const filter = filterOf(tenant, { from: 30, minutes: 3 * 24 * 60 - 30 });
    const before = await everyRead(storage.clickhouse, filter, HOUR);
    await storage.clickhouse.command({
      text: 'DELETE FROM profiles WHERE tenant = {tenant:String}',
      params: { tenant },
    });
    expect(await everyRead(rawOnly(storage.clickhouse), filter, HOUR)).not.toEqual(before);
    expect(await everyRead(storage.clickhouse, filter, HOUR)).toEqual(before);
  });

  it('do not depend on the number of threads or on merges of parts', async () => {
    const tenant = 'threads';
    const row = (i: number): Profile => ({
      ...QUIET,
      service: i % 3,
      instance: i % 2,
      isGauge: i % 5 === 0,
      minute: (i * 37) % (3 * 24 * 60),
      stacks: { [i % 7]: 1 + i * 3, 9: i },
    });
    for (let part = 0; part < 6; part++) {
      await insert(
        tenant,
        Array.from({ length: 80 }, (_, i) => row(part * 80 + i)),
      );
      if (part === 3) await roll(1000);
    }
    const filter = filterOf(tenant, { from: 10, minutes: 3 * 24 * 60 - 20 });
    const once = await everyRead(rawOnly(storage.clickhouse), filter, HOUR);
    const reading = new AbortController();
    const merging = (async () => {
      while (!reading.signal.aborted) {
        for (const table of ['profiles', 'profiles_1h', 'profiles_1d']) {
          await storage.clickhouse.command({ text: `OPTIMIZE TABLE ${table} FINAL`, params: {} });
        }
      }
    })();
    try {
      for (const threads of [1, 2, 8]) {
        const limited = withThreads(storage.clickhouse, threads);
        expect(await everyRead(limited, filter, HOUR)).toEqual(once);
        expect(await everyRead(rawOnly(limited), filter, HOUR)).toEqual(once);
      }
    } finally {
      reading.abort();
      await merging;
    }
  });
});

const QUIET: Profile = {
  service: 0,
  instance: 0,
  isGauge: false,
  minute: 0,
  durationMs: 0,
  stacks: { 1: 1 },
};

function withThreads(clickhouse: ClickHouse, threads: number): ClickHouse {
  return new Proxy(clickhouse, {
    get(target, name) {
      if (name !== 'select') return Reflect.get(target, name, target) as unknown;
      const select: ClickHouse['select'] = (sql, settings) =>
        target.select(sql, { ...settings, max_threads: threads });
      return select;
    },
  });
}
