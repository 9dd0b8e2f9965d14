import { describe, expect, it } from 'vitest';
import { addFrameRow, addProfileRow, addStackRow } from '@everflame/testkit';
import { encodeBatch, ProfileBatch } from '../src/index.ts';
import { addWithSeries, frameRow, profileRow, seriesOf, TEN_O_CLOCK } from './profile-rows.ts';

describe('ProfileBatch', () => {
  it('is empty until a row is added', () => {
    const batch = new ProfileBatch();
    expect(batch).toMatchObject({ isEmpty: true, rows: 0, bytes: 0 });
    addFrameRow(batch, frameRow({}));
    expect(batch).toMatchObject({ isEmpty: false, rows: 1 });
  });

  it('keeps a series and its label values once per day', () => {
    const batch = new ProfileBatch();
    const profile = profileRow({ stacks: { 1: 1 } });
    batch.addSeries(seriesOf(profile, { zone: 'a' }));
    batch.addSeries(seriesOf(profile, { zone: 'a' }));
    batch.addSeries(seriesOf({ ...profile, fingerprint: { lo: 2, hi: 0 } }, { zone: 'b' }));
    batch.addSeries(seriesOf({ ...profile, timeMs: TEN_O_CLOCK + 86_400_000 }, { zone: 'a' }));
    const rows = Object.fromEntries(encodeBatch(batch).tables.map((table) => [table.table, table.rows]));
    // Values per day: the service and both zones, then the service and one zone.
    expect(rows).toEqual({ series: 3, label_values: 5 });
  });

  it('lists what profiles refer to before the profiles', () => {
    const batch = new ProfileBatch();
    addWithSeries(batch, profileRow({ stacks: { 1: 1 } }));
    addFrameRow(batch, frameRow({}));
    addStackRow(batch, {
      tenant: 'acme',
      service: 'checkout',
      dayMs: TEN_O_CLOCK,
      idLo: 1,
      idHi: 0,
      frameIdLo: Uint32Array.of(1),
      frameIdHi: Uint32Array.of(0),
    });
    expect(encodeBatch(batch).tables.map((table) => table.table)).toEqual([
      'frames',
      'stacks',
      'series',
      'label_values',
      'profiles',
    ]);
  });

  it('estimates the size of what it encodes to', () => {
    const batch = new ProfileBatch();
    for (let i = 0; i < 50; i++) addWithSeries(batch, profileRow({ stacks: { 1: 5, 2: -3, 9: 7 } }));
    const encoded = encodeBatch(batch);
    expect(encoded.bytes).toBeGreaterThan(batch.bytes);
    expect(encoded.bytes).toBeLessThan(batch.bytes + 2000);
    expect(encoded.rows).toBe(batch.rows);
  });

  it('refuses a profile with a value that is not a safe integer and stays as it was', () => {
    const batch = new ProfileBatch();
    addWithSeries(batch, profileRow({ stacks: { 1: 5 } }));
    const before = encodeBatch(batch).tables.map((table) => table.block.toString('hex'));
    for (const stacks of [{ 1: 0.5 }, { 1: 1, 2: 2 ** 53 }]) {
      expect(() => addProfileRow(batch, profileRow({ stacks }))).toThrow(
        expect.objectContaining({ code: 'value_out_of_range' }),
      );
    }
    expect(() => addProfileRow(batch, profileRow({ stacks: { 1: 1 }, retentionDays: 401 }))).toThrow(
      /retentionDays/,
    );
    expect(encodeBatch(batch).tables.map((table) => table.block.toString('hex'))).toEqual(before);
  });
});
