import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningService } from '@everflame/service-kit';
import { type ClickHouse, openClickHouse } from '@everflame/storage';
import {
  freePort,
  type FreshDatabase,
  freshDatabase,
  startTestClickHouse,
  type TestClickHouse,
  waitFor,
  pprofOfCollapsed,
  quietLogger,
} from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { createIngest } from '../src/create-ingest.ts';

const DAY = 86_400_000;
const FILE = `retention:
  - { match: '{env="dev",keep="long"}', days: 10 }
  - { match: '{env="dev"}', days: 3, rollup_days: 30 }
`;

describe('retention in a running ingest', () => {
  let server: TestClickHouse;
  let database: FreshDatabase;
  let clickhouse: ClickHouse;
  let ingest: RunningService;
  let folder: string;

  beforeAll(async () => {
    server = await startTestClickHouse();
    database = await freshDatabase(server.url);
    folder = await mkdtemp(join(tmpdir(), 'everflame-retention-'));
    await writeFile(join(folder, 'everflame.yaml'), FILE);
    const config = readConfig({
      INGEST_HTTP_PORT: '0',
      INGEST_GRPC_PORT: String(await freePort()),
      CLICKHOUSE_URL: server.url,
      CLICKHOUSE_DATABASE: database.name,
      CLICKHOUSE_EMBEDDED: 'true',
      EVERFLAME_CONFIG: join(folder, 'everflame.yaml'),
      INGEST_SPOOL_DIR: join(folder, 'spool'),
      INGEST_SPOOL_SEGMENT_AGE_MS: '20',
    });
    ingest = await createIngest(config, quietLogger());
    clickhouse = openClickHouse({ url: server.url, database: database.name, requestTimeoutMs: 30_000 });
  });

  afterAll(async () => {
    await ingest.close();
    await clickhouse.close();
    await database.drop();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  async function push(labels: Record<string, string>, days: number): Promise<[number, string]> {
    const query = new URLSearchParams({ ...labels, from: String(Date.now() - days * DAY) });
    const body = pprofOfCollapsed({ stacks: ['main 1'] });
    const response = await fetch(`${ingest.url}/api/v1/profiles?${query.toString()}`, {
      method: 'POST',
      body,
    });
    const answer = (await response.json()) as { error?: { code: string } };
    return [response.status, answer.error?.code ?? ''];
  }

  /** What `/readyz` says of the file. */
  async function remark(): Promise<string | undefined> {
    const response = await fetch(`${ingest.url}/readyz`);
    return ((await response.json()) as { checks: Record<string, string> }).checks['config'];
  }

  async function change(text: string): Promise<void> {
    await writeFile(join(folder, 'everflame.yaml'), text);
    process.emit('SIGHUP');
  }

  it('takes what the class of the labels keeps, refuses what is older, and writes the class', async () => {
    expect(await push({ service_name: 'dev', env: 'dev' }, 2)).toEqual([201, '']);
    expect(await push({ service_name: 'dev', env: 'dev' }, 4)).toEqual([400, 'timestamp_too_old']);
    expect(await push({ service_name: 'dev-long', env: 'dev', keep: 'long' }, 4)).toEqual([201, '']);
    expect(await push({ service_name: 'prod', env: 'prod' }, 13)).toEqual([201, '']);
    expect(await push({ service_name: 'prod', env: 'prod' }, 15)).toEqual([400, 'timestamp_too_old']);
    const stored = await waitFor(
      async () => {
        const answer = await clickhouse.select({
          text: 'SELECT CAST(service AS String) AS name, retention_days, rollup_days FROM profiles ORDER BY name',
          params: {},
        });
        return answer.rows === 3 ? answer : undefined;
      },
      { what: 'three profiles to be stored' },
    );
    const names = stored.strings('name');
    expect(
      names.map((name, i) => [name, stored.numbers('retention_days')[i], stored.numbers('rollup_days')[i]]),
    ).toEqual([
      ['dev', 3, 30],
      ['dev-long', 10, 400],
      ['prod', 14, 400],
    ]);
  });

  it('takes other rules without a restart, and leaves them in effect while the file is wrong', async () => {
    const old = { service_name: 'old', env: 'dev' };
    expect(await push(old, 5)).toEqual([400, 'timestamp_too_old']);
    await change('retention: [{ match: \'{env="dev"}\', days: 6 }]');
    await waitFor(async () => (await push(old, 5))[0] === 201, { what: 'the longer retention' });
    expect(await push(old, 7)).toEqual([400, 'timestamp_too_old']);
    await change("retention: [{ match: '{env', days: 9 }]");
    await waitFor(async () => (await remark()) !== 'ok', { what: 'the remark' });
    expect(await remark()).toMatch(/what the file said before is in effect, .*retention\.0\.match/);
    expect(await push(old, 5)).toEqual([201, '']);
    expect(await push(old, 7)).toEqual([400, 'timestamp_too_old']);
    await change('');
    await waitFor(async () => (await push(old, 7))[0] === 201, { what: 'the retention of the settings' });
    expect(await remark()).toBe('ok');
  });
});
