import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TargetsResponse } from '@everflame/contract';
import {
  describeWithTool,
  freePort,
  startTestRedis,
  type TestRedis,
  waitFor,
  answerSchema,
} from '@everflame/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { settledAccount } from '../../../bench/durability/accounting.ts';
import { LoadClient } from '../../../bench/durability/load-client.ts';
import { ServiceProcess } from '../../../bench/durability/service-process.ts';
import { DurabilityStack } from '../../../bench/durability/stack.ts';
import { Clocks, refusalsOf } from './support.ts';

const targetsResponseSchema = answerSchema('get', 'targets');

const HOUR_S = 3600;
const SEED = 20_261_131;
/** A scraper looks after its schedules every half minute. */
const REPAIR_TIMEOUT_MS = 60_000;

type Profile = TargetsResponse['targets'][number]['profiles'][number];

/** What goes on, however clocks are set. */
interface Progress {
  readonly scrapes: number;
  readonly rollups: number;
}

describeWithTool(['redis-server', 'faketime'], 'a clock that is set by an hour while everything runs', () => {
  let clocks: Clocks;
  let stack: DurabilityStack;
  let redis: TestRedis;
  let ingestUrl: string;
  let urls: Record<'query' | 'scraper' | 'alerter', string>;
  const services: ServiceProcess[] = [];

  beforeAll(async () => {
    clocks = new Clocks();
    stack = await DurabilityStack.start();
    redis = await startTestRedis();
    const grpcPort = await freePort();
    const ingest = await stack.ingest('clock', {
      INGEST_GRPC_PORT: String(grpcPort),
      ROLLUP_EVERY_MS: '1000',
      ...clocks.environmentOf('ingest'),
    });
    await ingest.process.start();
    ingestUrl = ingest.url;
    services.push(ingest.process);
    urls = await startServices(grpcPort);
  });
  afterAll(async () => {
    await Promise.all(services.map((service) => service.stop()));
    await redis.stop();
    await stack.dispose();
    clocks.dispose();
  });

  async function startServices(grpcPort: number): Promise<typeof urls> {
    const [query, scraper, alerter] = [await freePort(), await freePort(), await freePort()];
    const config = join(clocks.folder, 'everflame.json');
    const off = { enabled: false };
    const others = { cpu: off, allocs: off, block: off, mutex: off, goroutine: off, threadcreate: off };
    const target = { targets: [`127.0.0.1:${query}`], labels: { service_name: 'self' } };
    const job = { job_name: 'self', scrape_interval: '1s', static_configs: [target], profiles: others };
    writeFileSync(config, JSON.stringify({ scrape_configs: [job] }));
    const shared = {
      REDIS_URL: redis.url,
      CLICKHOUSE_URL: `http://127.0.0.1:${stack.proxy.port}`,
      CLICKHOUSE_EMBEDDED: 'true',
      QUERY_PORT: String(query),
      SCRAPER_PORT: String(scraper),
      ALERTER_PORT: String(alerter),
      INGEST_GRPC_ADDRESS: `127.0.0.1:${grpcPort}`,
      EVERFLAME_CONFIG: config,
      ALERTER_RECONCILE_EVERY_MS: '500',
      LOG_LEVEL: 'warn',
    };
    const started = { query, scraper, alerter };
    for (const [name, port] of Object.entries(started)) {
      const environment = { ...shared, ...clocks.environmentOf(name) };
      const service = new ServiceProcess(`services/${name}`, environment, `http://127.0.0.1:${port}/readyz`);
      services.push(service);
      await service.start();
    }
    const urlOf = (port: number): string => `http://127.0.0.1:${port}`;
    return { query: urlOf(query), scraper: urlOf(scraper), alerter: urlOf(alerter) };
  }

  async function progress(): Promise<Progress> {
    const metrics = await (await fetch(`${ingestUrl}/metrics`)).text();
    return {
      scrapes: (await heap())?.scrapes ?? 0,
      rollups: Number(/^everflame_rollup_duration_seconds_count\S* (\S+)/m.exec(metrics)?.[1] ?? 0),
    };
  }

  async function heap(): Promise<Profile | undefined> {
    const answer = await fetch(`${urls.scraper}/api/v1/targets`);
    const { targets } = targetsResponseSchema.parse(await answer.json());
    return targets[0]?.profiles.find(({ profile }) => profile === 'heap');
  }

  function setServices(aheadSeconds: number): void {
    for (const name of ['ingest', 'query', 'scraper', 'alerter']) clocks.set(name, aheadSeconds);
  }

  /** Everything is ready and answers, targets are scraped, hours are rolled up. */
  async function goesOn(what: string): Promise<void> {
    const before = await progress();
    await waitFor(
      async () => {
        const { scrapes, rollups } = await progress();
        return scrapes >= before.scrapes + 2 && rollups >= before.rollups + 2;
      },
      { what: `scrapes and rollups with ${what}`, timeoutMs: REPAIR_TIMEOUT_MS, intervalMs: 200 },
    );
    const services = await fetch(`${urls.query}/api/v1/services?from=now-1h`);
    expect(services.status, what).toBe(200);
    for (const url of [ingestUrl, ...Object.values(urls)]) {
      expect((await fetch(`${url}/readyz`)).status, `${url} with ${what}`).toBe(200);
    }
  }

  const load = (service: string): LoadClient =>
    new LoadClient([ingestUrl], { service, concurrency: 4, seed: SEED, pauseMs: 20 });
  async function expectExact(client: LoadClient, service: string): Promise<void> {
    const totals = await client.stop();
    expect(refusalsOf(client)).toEqual([]);
    expect(totals.acknowledged).toBeGreaterThan(0);
    expect(await settledAccount(stack.reader, service, client.fromMs, totals)).toEqual({
      profiles: totals.acknowledged,
      sum: totals.acknowledgedSum,
      unresolved: 0,
    });
  }

  it.each(['query', 'alerter'])('of %s stops nothing and loses nothing', async (name) => {
    const client = load(`clock-of-${name}`);
    client.start();
    for (const aheadSeconds of [HOUR_S, 0, -HOUR_S, 0]) {
      clocks.set(name, aheadSeconds);
      await goesOn(`${name} ${aheadSeconds} s ahead`);
    }
    await expectExact(client, `clock-of-${name}`);
  });

  it('of the scraper an hour ahead has what it sends refused with a code, and taken again when it is right', async () => {
    const lastError = async (): Promise<string | undefined> => (await heap())?.lastError?.code;
    clocks.set('scraper', HOUR_S);
    await waitFor(async () => (await lastError()) === 'timestamp_in_future', { what: 'a refusal' });
    clocks.set('scraper', 0);
    await waitFor(async () => (await heap())?.health === 'up', {
      what: 'the target to be up',
      timeoutMs: REPAIR_TIMEOUT_MS,
    });
  });

  // Redis and the engine of ClickHouse read the time past the library that sets it. For them to be an hour off is for all
  // others to be.
  it('of everything but ClickHouse and Redis stops nothing and loses nothing', async () => {
    const client = load('ahead');
    client.start();
    setServices(HOUR_S);
    await goesOn('all services an hour ahead');
    setServices(0);
    await goesOn('all services set right');
    await expectExact(client, 'ahead');
    setServices(-HOUR_S);
    const late = load('behind');
    const { path, body } = late.profile();
    expect(await late.attempt(ingestUrl, path, body)).toBe('400 timestamp_in_future');
    await goesOn('all services an hour behind');
    setServices(0);
    await late.push(20);
    await expectExact(late, 'behind');
  });
});
