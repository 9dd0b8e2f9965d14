import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertBatch, addFrameRow, addProfileRow, addStackRow } from '@everflame/testkit';
import { loadStacks, lostStacks, missingStacks, ProfileBatch, restoreStacks } from '../src/index.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';
import { CPU, frameRow, profileRow, seriesOf, TEN_O_CLOCK } from './profile-rows.ts';

const HOUR = 3_600_000;

describe('stacks that cannot be resolved', () => {
  let storage: FreshStorage;
  const filter = { tenant: 'acme', matchers: [], fromMs: TEN_O_CLOCK, toMs: TEN_O_CLOCK + HOUR };
  const ofCheckout = { ...filter, matchers: [{ name: 'service_name', op: '=' as const, value: 'checkout' }] };

  beforeAll(async () => {
    storage = await freshStorage();
    const batch = new ProfileBatch();
    // Stack 1 is whole, of 2 a frame is missing, 3 is stored for another service alone, 4 nowhere.
    const stack = { tenant: 'acme', dayMs: TEN_O_CLOCK, idHi: 0xf000_0000 };
    const frames = (...ids: number[]) => ({
      frameIdLo: Uint32Array.from(ids),
      frameIdHi: new Uint32Array(ids.length),
    });
    addStackRow(batch, { ...stack, service: 'checkout', idLo: 1, ...frames(1) });
    addStackRow(batch, { ...stack, service: 'checkout', idLo: 2, ...frames(1, 99) });
    addStackRow(batch, { ...stack, service: 'cart', idLo: 3, ...frames(1) });
    addStackRow(batch, { ...stack, tenant: 'other', service: 'checkout', idLo: 4, ...frames(1) });
    addFrameRow(batch, frameRow({ idLo: 1, idHi: 0 }));
    addFrameRow(batch, frameRow({ idLo: 99, idHi: 0, tenant: 'other' }));
    addProfileRow(batch, profileRow({ stacks: { 1: 10, 2: 20 } }));
    addProfileRow(batch, profileRow({ timeMs: TEN_O_CLOCK + 1000, stacks: { 1: 1, 3: 300, 4: 4000 } }));
    addProfileRow(batch, profileRow({ timeMs: TEN_O_CLOCK + 2000, stacks: { 1: 1 } }));
    addProfileRow(batch, profileRow({ timeMs: TEN_O_CLOCK + HOUR, stacks: { 5: 1 } }));
    for (const service of ['checkout', 'cart'])
      batch.addSeries(seriesOf(profileRow({ stacks: {}, service }), {}));
    await insertBatch(storage.clickhouse, batch);
  });
  afterAll(() => storage.drop());

  it.each([
    ['a service', ofCheckout],
    ['everything', filter],
  ])('are found by type and service, with what they hold: %s', async (_what, selected) => {
    expect(await lostStacks(storage.clickhouse, selected)).toEqual([
      {
        level: 'profile',
        type: CPU,
        service: 'checkout',
        firstMs: TEN_O_CLOCK,
        lastMs: TEN_O_CLOCK + 1000,
        rows: 2,
        missingStacks: 2,
        brokenStacks: 1,
        value: 4320,
      },
    ]);
  });

  it('are found in rollups too', async () => {
    const text = `INSERT INTO profiles_1h (tenant, type, kind, service, fp, ts, stacks, vals)
SELECT tenant, type, kind, service, fp, toStartOfHour(ts), stacks, vals FROM profiles WHERE length(stacks) = 3`;
    await storage.clickhouse.command({ text, params: {} });
    const found = await lostStacks(storage.clickhouse, ofCheckout);
    expect(found.map(({ level, value }) => [level, value])).toEqual([
      ['hour', 4300],
      ['profile', 4320],
    ]);
  });

  it('are listed up to a limit, and copied from a service that has them', async () => {
    const one = await missingStacks(storage.clickhouse, filter, 1);
    expect([one.idLo, one.truncated]).toEqual([Uint32Array.of(3), true]);
    const { services, idLo, idHi, truncated } = await missingStacks(storage.clickhouse, filter, 10);
    expect([services, [...idLo], truncated]).toEqual([['checkout', 'checkout'], [3, 4], false]);
    for (let round = 0; round < 2; round++) {
      await restoreStacks(storage.clickhouse, { tenant: 'acme', service: 'checkout', idLo, idHi });
    }
    const lookup = { tenant: 'acme', idLo, idHi, services: ['checkout'] };
    const loaded = await loadStacks(storage.clickhouse, lookup);
    expect([[...loaded.idLo], [...loaded.frameIdLo]]).toEqual([[3], [1]]);
    expect((await missingStacks(storage.clickhouse, filter, 10)).idLo).toEqual(Uint32Array.of(4));
  });

  it('are none where all is well', async () => {
    const later = { ...filter, fromMs: TEN_O_CLOCK + 2000, toMs: TEN_O_CLOCK + HOUR };
    expect(await lostStacks(storage.clickhouse, later)).toEqual([]);
  });
});
