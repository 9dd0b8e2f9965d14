import { type ClickHouse, migrate, openClickHouse } from '@everflame/storage';
import {
  type FreshDatabase,
  freshDatabase,
  startTestClickHouse,
  type TestClickHouse,
} from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClickHouseAlertStore } from '../../src/adapters/clickhouse-alert-store.ts';
import { ClickHouseRuleStore } from '../../src/adapters/clickhouse-rule-store.ts';
import { ClickHouseSeriesReader } from '../../src/rules/growth/clickhouse-series-reader.ts';
import type { SeriesGroup } from '../../src/rules/growth/gauge-series.ts';
import { parseRuleQuery } from '../../src/documents/rule-document.ts';
import { ProfileWriter, TENANT } from '../support/profile-writer.ts';
import { HEAP_TYPE } from '../support/record-builder.ts';
import { itStoresAlerts, itStoresRules } from '../support/store-contract.ts';

// Recent, because old profiles are dropped.
const START_MS = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;

let server: TestClickHouse;
let database: FreshDatabase;
let clickhouse: ClickHouse;
let tenants = 0;

beforeAll(async () => {
  server = await startTestClickHouse();
  database = await freshDatabase(server.url);
  clickhouse = openClickHouse({ url: server.url, database: database.name, requestTimeoutMs: 30_000 });
  await migrate(clickhouse, { embedded: true });
});

afterAll(async () => {
  await clickhouse.close();
  await database.drop();
  await server.stop();
});

const newTenant = (): string => `tenant-${++tenants}`;

describe('the rule store in ClickHouse', () =>
  itStoresRules(() => Promise.resolve(new ClickHouseRuleStore(clickhouse, newTenant()))));
describe('the alert store in ClickHouse', () =>
  itStoresAlerts(() => Promise.resolve(new ClickHouseAlertStore(clickhouse, newTenant()))));

describe('the series reader', () => {
  const ten = (from: number, level: (i: number) => number): [number, number][] =>
    Array.from({ length: 10 }, (_, i) => [from + i * 2000, level(i)]);

  function read(service: string, groupBy = ['service_name']): Promise<readonly SeriesGroup[]> {
    return new ClickHouseSeriesReader(clickhouse, TENANT).read({
      selector: parseRuleQuery(`${HEAP_TYPE}{service_name=~"${service}"}`),
      groupBy,
      fromMs: START_MS,
      toMs: START_MS + 60_000,
      stepMs: 1000,
    });
  }

  beforeAll(async () => {
    const writer = new ProfileWriter(clickhouse);
    await writer.write(
      { service_name: 'told-apart', instance: 'a' },
      ten(START_MS, (i) => 100 + i),
    );
    await writer.write(
      { service_name: 'told-apart', instance: 'b' },
      ten(START_MS + 500, (i) => 200 + i),
    );
    await writer.write(
      { service_name: 'deployed', instance: 'a', version: '1' },
      ten(START_MS, (i) => 10 + i),
    );
    await writer.write(
      { service_name: 'deployed', instance: 'a', version: '2' },
      ten(START_MS + 20_000, (i) => 30 + i),
    );
    await writer.write(
      { service_name: 'deployed', instance: 'b', version: '1' },
      ten(START_MS, (i) => 50 + i),
    );
    await writer.write({ service_name: 'deployed', instance: 'b', version: '2' }, [
      [START_MS + 100, 60],
      [START_MS + 200, 80],
    ]);
  });

  it('gives a line per series, with a point per bucket that has a profile', async () => {
    const [group, ...others] = await read('told-apart');
    expect(others).toEqual([]);
    expect(group?.labels).toEqual({ service_name: 'told-apart' });
    const lines = group?.series.map((series) => series.points) ?? [];
    expect(lines).toHaveLength(2);
    expect(lines[0]).toEqual(ten(START_MS, (i) => 100 + i).map(([atMs, value]) => ({ atMs, value })));
    expect(lines[1]?.map((point) => point.value)).toEqual(ten(0, (i) => 200 + i).map(([, value]) => value));
  });

  it('keeps series apart that no single label tells apart', async () => {
    const [group] = await read('deployed');
    const firstValues = group?.series.map((series) => series.points[0]?.value).toSorted();
    // The two profiles of the last series fall into one bucket and are averaged.
    expect(firstValues).toEqual([10, 30, 50, 70]);
  });

  it('groups by the labels of the rule; a missing label is empty', async () => {
    const groups = await read('told-apart|deployed', ['service_name', 'version']);
    expect(
      groups.map(({ labels, series }) => [labels['service_name'], labels['version'], series.length]),
    ).toEqual(
      expect.arrayContaining([
        ['told-apart', '', 2],
        ['deployed', '1', 2],
        ['deployed', '2', 2],
      ]),
    );
    expect(groups).toHaveLength(3);
  });

  it('answers nothing where nothing matches', async () => {
    expect(await read('absent')).toEqual([]);
  });
});
