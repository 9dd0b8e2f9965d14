import type { Matcher } from '@everflame/profile';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertBatch } from '@everflame/testkit';
import {
  labelNames,
  labelValues,
  listProfiles,
  ProfileBatch,
  profileTypes,
  resolveSeries,
  services,
  timeline,
} from '../src/index.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';
import { addWithSeries, CPU, INUSE, profileRow, TEN_O_CLOCK } from './profile-rows.ts';

const MINUTE = 60_000;
const RANGE = { tenant: 'acme', matchers: [], fromMs: TEN_O_CLOCK, toMs: TEN_O_CLOCK + 4 * MINUTE };
const m = (name: string, op: Matcher['op'], value: string): Matcher => ({ name, op, value });

describe('reads', () => {
  let storage: FreshStorage;

  beforeAll(async () => {
    storage = await freshStorage();
    const batch = new ProfileBatch();
    const a = { service: 'checkout', fingerprint: { lo: 1, hi: 0xffff_ffff } };
    const b = { service: 'checkout', fingerprint: { lo: 2, hi: 0 } };
    const aLabels = { version: 'v1', instance: 'a', zone: 'eu' };
    const bLabels = { version: 'v2', instance: 'b' };
    const add = (row: Parameters<typeof profileRow>[0], labels: Record<string, string>): void =>
      addWithSeries(batch, profileRow(row), labels);
    // CPU: the previous range, then minutes 0, 0 and 2 of this one.
    add({ ...a, timeMs: TEN_O_CLOCK - MINUTE, stacks: { 1: 1000 } }, aLabels);
    add({ ...a, timeMs: TEN_O_CLOCK, stacks: { 1: 10 } }, aLabels);
    add({ ...a, timeMs: TEN_O_CLOCK + 30_000, stacks: { 1: 20 } }, aLabels);
    add({ ...b, timeMs: TEN_O_CLOCK + 2 * MINUTE, stacks: { 2: 5 } }, bLabels);
    // Heap levels: series a at 100 and 300 in minute 0, series b at 40 in minute 0 and 60 in minute 3.
    const heap = { type: INUSE, kind: 'gauge', durationMs: 0 } as const;
    add({ ...a, ...heap, timeMs: TEN_O_CLOCK, stacks: { 1: 100 } }, aLabels);
    add({ ...a, ...heap, timeMs: TEN_O_CLOCK + 15_000, stacks: { 1: 300 } }, aLabels);
    add({ ...b, ...heap, timeMs: TEN_O_CLOCK, stacks: { 1: 40 } }, bLabels);
    add({ ...b, ...heap, timeMs: TEN_O_CLOCK + 3 * MINUTE + 1, stacks: { 1: 60 } }, bLabels);
    // Another service without labels of its own, and another tenant.
    add({ service: 'cart', fingerprint: { lo: 3, hi: 0 }, timeMs: TEN_O_CLOCK + 1, stacks: { 1: 7 } }, {});
    add({ tenant: 'other', service: 'secret', fingerprint: { lo: 4, hi: 0 }, stacks: { 1: 7 } }, { x: 'y' });
    await insertBatch(storage.clickhouse, batch);
  });

  afterAll(async () => {
    await storage.drop();
  });

  describe('timeline', () => {
    it('sums totals per bucket from the start of the range', async () => {
      const answer = await timeline(storage.clickhouse, { ...RANGE, profileTypeId: CPU }, { stepMs: MINUTE });
      expect(answer).toMatchObject({ kind: 'interval', buckets: 4, otherKindProfiles: 0 });
      expect(answer.groups).toHaveLength(1);
      expect(answer.groups[0]).toEqual({
        value: '',
        sums: Float64Array.of(37, 0, 5, 0),
        // Profiles cover 10 s each: series a 30 in 20 s, the one of cart 7 in 10 s; series b 5 in 10 s.
        rates: Float64Array.of(30 / 20 + 7 / 10, 0, 5 / 10, 0),
        averages: Float64Array.of(22, 0, 5, 0),
        profiles: Uint32Array.of(3, 0, 1, 0),
        series: Uint32Array.of(2, 0, 1, 0),
      });
    });

    it('averages gauges per series and bucket, then sums over series', async () => {
      const answer = await timeline(
        storage.clickhouse,
        { ...RANGE, profileTypeId: INUSE },
        { stepMs: MINUTE },
      );
      expect(answer.kind).toBe('gauge');
      expect([...answer.groups[0]!.averages]).toEqual([240, 0, 0, 60]);
      expect([...answer.groups[0]!.profiles]).toEqual([3, 0, 0, 1]);
    });

    it('groups by a label, by the service, and under the empty value where the label is missing', async () => {
      const filter = { ...RANGE, profileTypeId: CPU };
      const byVersion = await timeline(storage.clickhouse, filter, {
        stepMs: 4 * MINUTE,
        groupBy: 'version',
      });
      expect(byVersion.groups.map((group) => [group.value, ...group.sums])).toEqual([
        ['', 7],
        ['v1', 30],
        ['v2', 5],
      ]);
      const byService = await timeline(storage.clickhouse, filter, {
        stepMs: 4 * MINUTE,
        groupBy: 'service_name',
      });
      expect(byService.groups.map((group) => [group.value, ...group.sums])).toEqual([
        ['cart', 7],
        ['checkout', 35],
      ]);
    });

    it('refuses a step that cuts the range into too many buckets or none', async () => {
      for (const stepMs of [0, 1, Number.NaN, 0.5]) {
        await expect(
          timeline(storage.clickhouse, { ...RANGE, profileTypeId: CPU }, { stepMs }),
        ).rejects.toMatchObject({ code: 'invalid_step' });
      }
    });
  });

  describe('discovery', () => {
    it('lists profile types with their kind', async () => {
      expect(await profileTypes(storage.clickhouse, RANGE)).toEqual([
        { id: INUSE, kind: 'gauge' },
        { id: CPU, kind: 'interval' },
      ]);
      expect(
        await profileTypes(storage.clickhouse, { ...RANGE, matchers: [m('service_name', '=', 'cart')] }),
      ).toEqual([{ id: CPU, kind: 'interval' }]);
    });

    it('lists the names of labels, narrowed by service or by label', async () => {
      const names = (...matchers: Matcher[]): Promise<string[]> =>
        labelNames(storage.clickhouse, { ...RANGE, matchers });
      expect(await names()).toEqual(['instance', 'service_name', 'version', 'zone']);
      expect(await names(m('service_name', '=', 'cart'))).toEqual(['service_name']);
      expect(await names(m('version', '=', 'v2'))).toEqual(['instance', 'service_name', 'version']);
    });

    it('lists the values of a label and says when there are more', async () => {
      const values = (name: string, ...matchers: Matcher[]): Promise<unknown> =>
        labelValues(storage.clickhouse, { ...RANGE, matchers }, name);
      expect(await values('version')).toEqual({ items: ['v1', 'v2'], truncated: false });
      expect(await values('service_name')).toEqual({ items: ['cart', 'checkout'], truncated: false });
      expect(await values('version', m('zone', '=', 'eu'))).toEqual({ items: ['v1'], truncated: false });
      expect(await values('zone', m('version', '=', 'v2'))).toEqual({ items: [], truncated: false });
      expect(await labelValues(storage.clickhouse, RANGE, 'version', 1)).toEqual({
        items: ['v1'],
        truncated: true,
      });
    });

    it('lists series with their labels once, and says when there are more', async () => {
      const all = await resolveSeries(storage.clickhouse, RANGE);
      expect(all.truncated).toBe(false);
      expect(all.items).toHaveLength(5);
      expect(all.items).toContainEqual({
        fingerprint: { lo: 1, hi: 0xffff_ffff },
        type: CPU,
        kind: 'interval',
        service: 'checkout',
        labels: { service_name: 'checkout', version: 'v1', instance: 'a', zone: 'eu' },
      });
      const some = await resolveSeries(storage.clickhouse, { ...RANGE, profileTypeId: CPU }, 2);
      expect(some.items.map((series) => series.service)).toEqual(['cart', 'checkout']);
      expect(some.truncated).toBe(true);
    });
  });

  describe('services', () => {
    it('total each type over this range and the one before, and tell versions and instances', async () => {
      const summaries = await services(storage.clickhouse, RANGE);
      expect(summaries.map((service) => service.name)).toEqual(['cart', 'checkout']);
      expect(summaries[0]).toMatchObject({ versions: [], instances: 0, lastSeen: TEN_O_CLOCK + 1 });
      expect(summaries[1]).toEqual({
        name: 'checkout',
        types: [
          // Mean of series a over the range is 200, of series b 50.
          {
            id: INUSE,
            kind: 'gauge',
            total: 250,
            previousTotal: null,
            rate: 250,
            previousRate: null,
            profiles: 4,
            series: 2,
          },
          // Minute 0 runs at 30 in 20 s, minute 2 at 5 in 10 s; the other minutes have no profiles.
          {
            id: CPU,
            kind: 'interval',
            total: 35,
            previousTotal: 1000,
            rate: (30 / 20 + 5 / 10) / 2,
            previousRate: 1000 / 10,
            profiles: 3,
            series: 2,
          },
        ],
        versions: [
          { version: 'v1', firstSeen: TEN_O_CLOCK, lastSeen: TEN_O_CLOCK + 30_000 },
          { version: 'v2', firstSeen: TEN_O_CLOCK, lastSeen: TEN_O_CLOCK + 3 * MINUTE + 1 },
        ],
        instances: 2,
        lastSeen: TEN_O_CLOCK + 3 * MINUTE + 1,
      });
    });

    it('narrow to matching series, and answer none for an unknown tenant', async () => {
      const narrowed = await services(storage.clickhouse, { ...RANGE, matchers: [m('version', '=', 'v2')] });
      expect(narrowed.map(({ name, instances }) => [name, instances])).toEqual([['checkout', 1]]);
      expect(await services(storage.clickhouse, { ...RANGE, tenant: 'nobody' })).toEqual([]);
    });
  });

  it('lists single profiles newest first', async () => {
    const listed = await listProfiles(storage.clickhouse, { ...RANGE, profileTypeId: CPU }, 2);
    expect(listed.map(({ timeMs, total, service }) => [timeMs, total, service])).toEqual([
      [TEN_O_CLOCK + 2 * MINUTE, 5, 'checkout'],
      [TEN_O_CLOCK + 30_000, 20, 'checkout'],
    ]);
    expect(listed[1]).toMatchObject({ fingerprint: { lo: 1, hi: 0xffff_ffff }, durationMs: 10_000 });
  });
});
