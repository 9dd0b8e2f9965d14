import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rangeVersions, type SeriesFilter } from '../src/index.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';

const HOUR = 3_600_000;
const FIRST = 500_000 * HOUR;

function filterOf(service: string | undefined, fromHour: number, toHour: number): SeriesFilter {
  const matchers = service === undefined ? [] : [{ name: 'service_name', op: '=' as const, value: service }];
  return { tenant: 'acme', matchers, fromMs: FIRST + fromHour * HOUR, toMs: FIRST + toHour * HOUR };
}

describe('versions of ranges', () => {
  let storage: FreshStorage;

  /** Marks an hour of as many services, long ago or now. */
  const mark = (services: number, hour: number, tenant = 'acme'): Promise<void> =>
    storage.clickhouse.command({
      text: `INSERT INTO late_hours (tenant, service, hour, at)
SELECT {tenant:String}, concat('service-', toString(number)), toDateTime({hour:UInt32}, 'UTC'), now64(3, 'UTC')
FROM numbers({services:UInt32})`,
      params: { tenant, hour: FIRST / 1000 + hour * 3600, services },
    });

  beforeAll(async () => {
    storage = await freshStorage();
    await mark(3, 0);
    await mark(5, 2);
    await mark(5, 2, 'other');
  });

  afterAll(async () => {
    await storage.drop();
  });

  it('count the marks of their services and hours alone, whatever is asked with them', async () => {
    const filters = [
      filterOf('service-1', 0, 1),
      filterOf('service-1', 0, 3),
      filterOf('service-4', 0, 3),
      filterOf('service-9', 0, 3),
      filterOf(undefined, 0, 3),
      filterOf(undefined, 0.5, 0.75),
      filterOf(undefined, 1, 2),
      { ...filterOf(undefined, 0, 3), tenant: 'other' },
      { ...filterOf('service-1', 0, 3), tenant: 'nobody' },
    ];
    const together = await rangeVersions(storage.clickhouse, filters);
    expect(together.map(({ version }) => Number.parseInt(version, 10))).toEqual([1, 2, 1, 0, 8, 3, 0, 5, 0]);
    for (const [place, filter] of filters.entries()) {
      const [alone] = await rangeVersions(storage.clickhouse, [filter]);
      expect(alone?.version).toBe(together[place]?.version);
      expect(alone?.newestMs).toBe(together[place]?.newestMs);
      expect(Math.abs((alone?.nowMs ?? 0) - Date.now())).toBeLessThan(60_000);
    }
  });

  it('are told for names of any length, and those of others with them', async () => {
    const names = ['é'.repeat(20_000), ...Array.from({ length: 8 }, (_, i) => `${i}`.repeat(800))];
    const filters = names.map((name) => filterOf(name, 0, 3));
    const versions = await rangeVersions(storage.clickhouse, [...filters, filterOf('service-4', 0, 3)]);
    // The longest is taken for any service: it holds less long, and never too long.
    expect(versions.map(({ version }) => Number.parseInt(version, 10))).toEqual([
      8, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    ]);
  });

  it('change when an hour is marked again', async () => {
    const filter = filterOf('service-0', 0, 1);
    const [before] = await rangeVersions(storage.clickhouse, [filter]);
    await mark(1, 0);
    const [after] = await rangeVersions(storage.clickhouse, [filter]);
    expect(after?.version).not.toBe(before?.version);
    expect(after?.newestMs).toBeGreaterThan(before?.newestMs ?? 0);
  });

  it('are the same where there are too many marks to read them', async () => {
    await mark(10_001, 5);
    const narrow = filterOf('service-2', 5, 6);
    const wide = filterOf(undefined, 0, 6);
    const [alone] = await rangeVersions(storage.clickhouse, [narrow]);
    const [summed, all] = await rangeVersions(storage.clickhouse, [narrow, wide]);
    expect(summed?.version).toBe(alone?.version);
    expect(summed?.newestMs).toBe(alone?.newestMs);
    expect(Number.parseInt(all?.version ?? '', 10)).toBe(10_009);
  });
});
