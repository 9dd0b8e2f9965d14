import { type ClickHouse, listDocuments, migrate, openClickHouse, saveDocument } from '@everflame/storage';
import {
  type FreshDatabase,
  freshDatabase,
  startTestClickHouse,
  type TestClickHouse,
} from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClickHouseDocuments } from '../../src/adapters/clickhouse-documents.ts';
import { ALERT_FORM } from '../../src/documents/alert-document.ts';
import { RULE_FORM } from '../../src/documents/rule-document.ts';
import type { DocumentForm } from '../../src/documents/versioned-document.ts';
import { ClickHouseSeriesReader } from '../../src/rules/growth/clickhouse-series-reader.ts';
import type { SeriesGroup } from '../../src/rules/growth/growth-ports.ts';
import { parseGaugeQuery } from '../../src/rules/growth/growth-selector.ts';
import { ProfileWriter } from '../support/profile-writer.ts';
import { V1_ALERTS, V1_RULES } from '../support/old-documents.ts';
import { HEAP_TYPE, PRINCIPAL } from '../support/record-builder.ts';
import { itStoresAlerts, itStoresReceivers, itStoresRules } from '../support/store-contract.ts';

// Recent, because old profiles are dropped.
const START_MS = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;

let server: TestClickHouse;
let database: FreshDatabase;
let clickhouse: ClickHouse;

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

const makeStore = <T extends object>(form: DocumentForm<T>) =>
  Promise.resolve(new ClickHouseDocuments(clickhouse, form));

describe('the rule store in ClickHouse', () => itStoresRules(makeStore));
describe('the alert store in ClickHouse', () => itStoresAlerts(makeStore));
describe('the receiver store in ClickHouse', () => itStoresReceivers(makeStore));

describe('documents that an older version has stored', () => {
  const tenant = 'older';
  const bodies = async (table: 'rules' | 'alerts') =>
    (await listDocuments(clickhouse, table, tenant)).map(({ body }) => body);

  it('are stored anew by an upgrade, and read alike before and after', async () => {
    for (const body of V1_RULES)
      await saveDocument(clickhouse, 'rules', { tenant, id: body.id, version: body.updatedAt, body });
    for (const body of V1_ALERTS)
      await saveDocument(clickhouse, 'alerts', { tenant, id: body.id, version: body.savedAt, body });
    const rules = new ClickHouseDocuments(clickhouse, RULE_FORM);
    const alerts = new ClickHouseDocuments(clickhouse, ALERT_FORM);
    const read = async () => [await rules.list({ tenant }), await alerts.list({ tenant })];
    const before = await read();
    await rules.upgrade();
    await alerts.upgrade();
    expect([...(await bodies('rules')), ...(await bodies('alerts'))]).toEqual(
      [...V1_RULES, ...V1_ALERTS].map(
        () => expect.objectContaining({ version: 2, kind: 'growth' }) as unknown,
      ),
    );
    expect(await read()).toEqual(before);
    const [rule] = await rules.list({ tenant });
    if (rule !== undefined) await rules.delete({ tenant }, rule);
    expect(await rules.list({ tenant })).toHaveLength(V1_RULES.length - 1);
  });

  it('of a version that is not known yet are refused and left alone', async () => {
    const newer = {
      tenant: 'newer',
      id: 'r1',
      version: 1,
      body: { version: 3, id: 'r1', shape: 'unheard of' },
    };
    await saveDocument(clickhouse, 'rules', newer);
    const rules = new ClickHouseDocuments(clickhouse, RULE_FORM);
    const refusal = { code: 'schema_too_new', message: /rule r1 was stored in version 3.*up to 2/ };
    await expect(rules.list({ tenant: 'newer' })).rejects.toMatchObject(refusal);
    await expect(rules.upgrade()).rejects.toMatchObject(refusal);
    expect(await listDocuments(clickhouse, 'rules', 'newer')).toEqual([newer]);
  });
});

describe('the series reader', () => {
  const ten = (from: number, level: (i: number) => number): [number, number][] =>
    Array.from({ length: 10 }, (_, i) => [from + i * 2000, level(i)]);

  function read(service: string, groupBy = ['service_name']): Promise<readonly SeriesGroup[]> {
    return new ClickHouseSeriesReader(clickhouse).read(PRINCIPAL, {
      selector: parseGaugeQuery(`${HEAP_TYPE}{service_name=~"${service}"}`),
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
