import { ProfileBatch } from '@everflame/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerSchema, addProfileRow } from '@everflame/testkit';
import type { TestQuery } from './support/query-service.ts';
import { add, CPU, NOW, RANGE, startShop } from './support/shop.ts';

const timelineResponseSchema = answerSchema('get', 'timeline');

let query: TestQuery;

beforeAll(async () => {
  query = await startShop();
});
afterAll(() => query.close());

describe('timeline', () => {
  it('answers the largest groups and the exact rest', async () => {
    const params = { query: CPU, ...RANGE, step: '60000', group_by: 'version', mode: 'total' };
    const all = timelineResponseSchema.parse(await query.json('timeline', params));
    expect(all.groups.map(({ labels, total }) => [labels['version'], total])).toEqual([
      ['1', 52],
      ['2', 147],
      ['3', 8],
    ]);
    const cut = timelineResponseSchema.parse(await query.json('timeline', { ...params, limit: '1' }));
    expect(cut.groupCount).toBe(3);
    expect(cut.groups.map(({ labels, total, rest }) => [labels, total, rest])).toEqual([
      [{ version: '2' }, 147, undefined],
      [{}, 60, true],
    ]);
    expect(cut.groups[1]!.values).toEqual([null, 60]);
  });
});

describe('timeline of many groups', () => {
  const type = 'fleet:cpu:nanoseconds:cpu:nanoseconds';
  const pods = Array.from({ length: 120 }, (_, index) => `pod.${index}`);

  beforeAll(async () => {
    const batch = new ProfileBatch();
    for (const [index, instance] of pods.entries()) {
      add(batch, [`main ${index + 1}`], { instance }, { name: 'fleet', timeMs: NOW + index * 100 });
    }
    add(batch, ['main 1000'], {}, { name: 'fleet' });
    await query.insert(batch);
  });

  it('ranks them before it reads them when they are too many to read at once', async () => {
    const range = { from: String(NOW - 10_000_000), to: String(NOW + 60_000) };
    const params = { query: type, ...range, step: '1000', mode: 'total' };
    const all = timelineResponseSchema.parse(await query.json('timeline', params));
    const cut = timelineResponseSchema.parse(
      await query.json('timeline', { ...params, group_by: 'instance', limit: '3' }),
    );
    expect(cut.groupCount).toBe(121);
    expect(
      cut.groups.map(({ labels, total, rest }) => [labels['instance'] ?? null, total, rest ?? false]),
    ).toEqual([
      ['', 1000, false],
      ['pod.118', 119, false],
      ['pod.119', 120, false],
      [null, (118 * 119) / 2, true],
    ]);
    const sums = all.groups[0]!.values.map((_value, bucket) =>
      cut.groups.reduce((sum, { values }) => sum + (values[bucket] ?? 0), 0),
    );
    expect(sums).toEqual(all.groups[0]!.values.map((value) => value ?? 0));
  });

  it('refuses a label with more values than can be ranked', async () => {
    const batch = new ProfileBatch();
    const many = 'many:cpu:nanoseconds:cpu:nanoseconds';
    for (let index = 0; index <= 50_000; index++) {
      const labels: [string, string][] = [
        ['request', String(index)],
        ['service_name', 'many'],
      ];
      const series = {
        tenant: 'default',
        type: many,
        kind: 'interval' as const,
        service: 'many',
        fingerprint: { lo: index, hi: 1 },
      };
      batch.addSeries({ ...series, dayMs: NOW, labels });
      addProfileRow(batch, {
        ...series,
        retentionDays: 14,
        timeMs: NOW,
        profileId: { lo: index, hi: 2 },
        durationMs: 10_000,
        period: 1,
        total: 1,
        stackIdLo: Uint32Array.of(index),
        stackIdHi: Uint32Array.of(3),
        values: Float64Array.of(1),
      });
    }
    await query.insert(batch);
    const response = await query.get('timeline', {
      query: many,
      ...RANGE,
      step: '1000',
      group_by: 'request',
    });
    expect([response.status, await response.json()]).toMatchObject([
      413,
      { error: { code: 'too_many_groups' } },
    ]);
    const values = await query.json<{ values: string[] }>('labels/request/values', {
      ...RANGE,
      query: '{service_name="many",request=~"4999."}',
    });
    expect(values.values.length).toBe(10);
  });
});
