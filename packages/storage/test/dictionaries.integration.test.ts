import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertBatch, addFrameRow, addStackRow } from '@everflame/testkit';
import { loadFrames, loadStacks, ProfileBatch } from '../src/index.ts';
import { IDS_PER_STATEMENT } from '../src/read/stacks/id-chunks.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';
import { frameRow, TEN_O_CLOCK } from './profile-rows.ts';

const HIGH = 0x9000_0001;

describe('dictionaries', () => {
  let storage: FreshStorage;
  const stackCount = IDS_PER_STATEMENT + 300;

  beforeAll(async () => {
    storage = await freshStorage();
    const batch = new ProfileBatch();
    for (let id = 0; id < stackCount; id++) {
      const frames = Uint32Array.from({ length: id % 4 }, (_, depth) => id + depth);
      addStackRow(batch, {
        tenant: 'acme',
        service: id % 2 === 0 ? 'checkout' : 'cart',
        dayMs: TEN_O_CLOCK,
        idLo: id,
        idHi: HIGH,
        frameIdLo: frames,
        frameIdHi: frames.map(() => HIGH),
      });
    }
    addFrameRow(
      batch,
      frameRow({
        idHi: HIGH,
        name: 'ünïcode "q" \\ \n',
        systemName: '_ZN4work',
        buildId: 'b1',
        addressLo: 0xffff_fffe,
        addressHi: 0xffff_ffff,
        line: 4_294_967_295,
      }),
    );
    addFrameRow(batch, frameRow({ idLo: 2, name: 'main.main' }));
    addFrameRow(batch, frameRow({ idLo: 3, tenant: 'other' }));
    await insertBatch(storage.clickhouse, batch);
    // The same stack again in a later week, as writers repeat it.
    const again = new ProfileBatch();
    addStackRow(again, {
      tenant: 'acme',
      service: 'checkout',
      dayMs: TEN_O_CLOCK + 14 * 86_400_000,
      idLo: 2,
      idHi: HIGH,
      frameIdLo: Uint32Array.of(2, 3),
      frameIdHi: Uint32Array.of(HIGH, HIGH),
    });
    await insertBatch(storage.clickhouse, again);
  });

  afterAll(async () => {
    await storage.drop();
  });

  function ids(...lo: number[]): { idLo: Uint32Array; idHi: Uint32Array } {
    return { idLo: Uint32Array.from(lo), idHi: new Uint32Array(lo.length).fill(HIGH) };
  }

  it('resolve stacks to frames leaf first, each once, over any number of statements', async () => {
    const all = ids(...Array.from({ length: stackCount + 10 }, (_, id) => id));
    const loaded = await loadStacks(storage.clickhouse, { tenant: 'acme', ...all });
    expect(loaded.idLo).toHaveLength(stackCount);
    expect(loaded.offsets).toHaveLength(stackCount + 1);
    expect(new Set(loaded.idLo).size).toBe(stackCount);
    expect(loaded.idHi.every((hi) => hi === HIGH)).toBe(true);
    for (let i = 0; i < stackCount; i++) {
      const id = loaded.idLo[i]!;
      const frames = loaded.frameIdLo.subarray(loaded.offsets[i], loaded.offsets[i + 1]);
      expect([...frames]).toEqual(Array.from({ length: id % 4 }, (_, depth) => id + depth));
    }
    expect(loaded.frameIdHi.every((hi) => hi === HIGH)).toBe(true);
  });

  it('leave out stacks of other services where services are named, and of other tenants', async () => {
    const lookup = { tenant: 'acme', ...ids(2, 3) };
    const loaded = await loadStacks(storage.clickhouse, { ...lookup, services: ['checkout'] });
    expect([...loaded.idLo]).toEqual([2]);
    const others = await loadStacks(storage.clickhouse, { ...lookup, tenant: 'other' });
    expect(others).toMatchObject({ idLo: new Uint32Array(0), offsets: Uint32Array.of(0) });
  });

  it('answer nothing for no ids', async () => {
    const none = { tenant: 'acme', ...ids() };
    expect((await loadStacks(storage.clickhouse, none)).offsets).toEqual(Uint32Array.of(0));
    expect((await loadFrames(storage.clickhouse, none)).name).toEqual([]);
  });

  it('resolve frames with every field as it was written', async () => {
    const idLo = Uint32Array.of(1, 2, 3, 99);
    const idHi = Uint32Array.of(HIGH, 0, 0, 0);
    const frames = await loadFrames(storage.clickhouse, { tenant: 'acme', idLo, idHi });
    const row = frames.idLo.indexOf(1);
    expect([...frames.name].toSorted()).toEqual(['main.main', 'ünïcode "q" \\ \n']);
    expect({
      name: frames.name[row],
      systemName: frames.systemName[row],
      file: frames.file[row],
      line: frames.line[row],
      startLine: frames.startLine[row],
      buildId: frames.buildId[row],
      addressLo: frames.addressLo[row],
      addressHi: frames.addressHi[row],
    }).toEqual({
      name: 'ünïcode "q" \\ \n',
      systemName: '_ZN4work',
      file: 'main.go',
      line: 4_294_967_295,
      startLine: 10,
      buildId: 'b1',
      addressLo: 0xffff_fffe,
      addressHi: 0xffff_ffff,
    });
  });
});
