import { DomainError } from '@everflame/profile';
import {
  describeWithTool,
  doorCases,
  outcomeOfCase,
  startTestRedis,
  type TestRedis,
  waitFor,
  quietLogger,
} from '@everflame/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createScraper } from '../src/create-scraper.ts';
import { readConfig } from '../src/config.ts';
import { GO_PROFILES, only, pool } from './support/configs.ts';
import { BYTES_PER_REQUEST, FakeGoProcess } from './support/fake-go-process.ts';
import { labelsOf, sampleTypesOf, ScraperBench, targetsOf, totalOf } from './support/scraper-bench.ts';

describeWithTool(['redis-server'], 'the scraper', () => {
  let redis: TestRedis;
  let bench: ScraperBench;

  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(() => {
    bench = new ScraperBench(redis.url);
  });
  afterEach(() => bench.stop());

  it('brings all seven profiles of a Go process to ingest, named, labelled and with their kinds', async () => {
    const target = await bench.target(new FakeGoProcess().handle);
    const ingest = await bench.ingest();
    const service = await bench.scraper(
      [
        pool('shop', [target.address], {
          static_configs: [{ targets: [target.address], labels: { version: '2.41' } }],
        }),
      ],
      { INGEST_GRPC_ADDRESS: ingest.address },
    );
    const described = () =>
      new Set(
        ingest.pushes.map(
          ({ profileName, kinds, pprof }) =>
            `${profileName} ${pprof.length > 0} ${kinds.map((k) => `${k.sampleType}=${k.kind}`).join()}`,
        ),
      );
    await waitFor(() => described().size === 7, { what: 'seven profiles' });
    expect(described()).toEqual(
      new Set([
        'process_cpu true ',
        'memory true ',
        'memory true alloc_objects=KIND_INTERVAL,alloc_space=KIND_INTERVAL',
        'block true contentions=KIND_INTERVAL,delay=KIND_INTERVAL',
        'mutex true contentions=KIND_INTERVAL,delay=KIND_INTERVAL',
        'goroutines true ',
        'threadcreate true ',
      ]),
    );
    for (const push of ingest.pushes) {
      expect(labelsOf(push)).toEqual({
        instance: target.address,
        job: 'shop',
        service_name: 'shop',
        version: '2.41',
      });
    }
    const heap = ingest.pushes.find(
      ({ profileName, kinds }) => profileName === 'memory' && kinds.length === 0,
    );
    expect(heap && sampleTypesOf(heap)).toEqual(['inuse_objects', 'inuse_space']);
    expect(heap && totalOf(heap, 'inuse_space')).toBe(9096);
    expect(target.requests).toContain('/debug/pprof/profile?seconds=1');
    const [status] = await targetsOf(service);
    expect(status).toMatchObject({ pool: 'shop', health: 'up', url: target.url });
    expect(status?.profiles.map(({ profile }) => profile).toSorted()).toEqual(GO_PROFILES);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toMatch(
      /everflame_scraper_scrapes_total\{pool="shop",profile="heap",outcome="ok",.*\} [1-9]/,
    );
    expect(metrics).toMatch(/everflame_scraper_pushes_total\{outcome="accepted",.*\} [1-9]/);
    expect(metrics).toMatch(/everflame_scraper_delta_state_bytes\{.*\} [1-9]/);
  });

  it('turns counters into what was added since the scrape before', async () => {
    const target = await bench.target(new FakeGoProcess().handle);
    const ingest = await bench.ingest();
    await bench.scraper([pool('shop', [target.address], { profiles: only('allocs') })], {
      INGEST_GRPC_ADDRESS: ingest.address,
    });
    await waitFor(() => ingest.pushes.length >= 2, { what: 'two deltas' });
    for (const push of ingest.pushes.slice(0, 2)) {
      expect(totalOf(push, 'alloc_space')).toBe(BYTES_PER_REQUEST);
      expect(sampleTypesOf(push)).toEqual(['alloc_objects', 'alloc_space']);
      expect(Number(push.durationMs)).toBeGreaterThan(0);
    }
  });

  it('shares targets with another scraper: none is scraped twice, nothing is counted twice', async () => {
    const processes = Array.from({ length: 12 }, () => new FakeGoProcess());
    const targets = await Promise.all(processes.map(({ handle }) => bench.target(handle)));
    const ingest = await bench.ingest();
    const configs = [
      pool(
        'shop',
        targets.map(({ address }) => address),
        { profiles: only('allocs') },
      ),
    ];
    const env = { INGEST_GRPC_ADDRESS: ingest.address };
    const services = await Promise.all([bench.scraper(configs, env), bench.scraper(configs, env)]);
    await waitFor(() => processes.every(({ allocRequests }) => allocRequests >= 4), {
      what: 'four scrapes of each',
    });
    const [first, second] = services;
    const scrapesOf = async (service: (typeof services)[number]) =>
      (await targetsOf(service)).map(({ profiles }) => profiles[0]?.scrapes ?? 0);
    const [byFirst, bySecond] = await Promise.all([scrapesOf(first), scrapesOf(second)]);
    // One scrape at the other is possible while the two find each other.
    const isOwn = (scrapes: number): boolean => scrapes > 1;
    expect(byFirst.some(isOwn)).toBe(true);
    expect(bySecond.some(isOwn)).toBe(true);
    expect(byFirst.filter((scrapes, i) => isOwn(scrapes) && isOwn(bySecond[i] ?? 0))).toEqual([]);

    await first.close();
    const before = processes.map(({ allocRequests }) => allocRequests);
    await waitFor(() => processes.every(({ allocRequests }, i) => allocRequests >= (before[i] ?? 0) + 3), {
      what: 'the other scraper to go on with all targets',
    });
    await second.close();
    const schedules = await bench.schedules();
    expect(schedules).toHaveLength(12);
    const requests = processes.reduce((sum, { allocRequests }) => sum + allocRequests, 0);
    expect(requests).toBeLessThanOrEqual(schedules.reduce((sum, { iterations }) => sum + iterations, 0));
    for (const [i, target] of targets.entries()) {
      const pushed = ingest.pushes
        .filter((push) => labelsOf(push)['instance'] === target.address)
        .reduce((sum, push) => sum + totalOf(push, 'alloc_space'), 0);
      expect(pushed).toBeGreaterThan(0);
      expect(pushed).toBeLessThanOrEqual((processes[i]!.allocRequests - 1) * BYTES_PER_REQUEST);
    }
  });

  it('keeps its schedules over a restart, and drops those of targets that are gone', async () => {
    const [one, two] = [new FakeGoProcess(), new FakeGoProcess()];
    const targets = [await bench.target(one.handle), await bench.target(two.handle)];
    const ingest = await bench.ingest();
    const env = { INGEST_GRPC_ADDRESS: ingest.address };
    const addresses = targets.map(({ address }) => address);
    const config = (...kept: string[]) => [
      pool('shop', kept, { scrape_interval: '1h', profiles: only('heap') }),
    ];
    const service = await bench.scraper(config(...addresses), env);
    const before = await waitFor(
      async () => {
        const schedules = await bench.schedules();
        return schedules.length === 2 ? schedules : undefined;
      },
      { what: 'two schedules' },
    );
    await service.close();
    expect(await bench.schedules()).toEqual(before);
    const again = await bench.scraper(config(addresses[0]!), env);
    const [kept] = await targetsOf(again);
    const after = await waitFor(
      async () => {
        const schedules = await bench.schedules();
        return schedules.length === 1 ? schedules : undefined;
      },
      { what: 'one schedule less' },
    );
    expect(after).toEqual(before.filter(({ key }) => key === kept?.id));
  });

  it('scrapes its own processes without a file', async () => {
    const target = await bench.target(new FakeGoProcess().handle);
    const ingest = await bench.ingest();
    const service = await createScraper(
      readConfig({
        SCRAPER_PORT: '0',
        REDIS_URL: redis.url,
        SCRAPER_QUEUE_PREFIX: bench.prefix,
        INGEST_GRPC_ADDRESS: ingest.address,
        SCRAPER_SELF_TARGETS: `everflame-query=${target.address}`,
      }),
      quietLogger(),
    );
    bench.onStop(() => service.close());
    const [own] = await targetsOf(service);
    expect(own).toMatchObject({ pool: 'everflame', labels: { service_name: 'everflame-query' } });
  });

  it('refuses to start with a configuration that makes no sense, naming every problem', async () => {
    const file = bench.writeConfig([
      pool('shop', ['a:1'], { profiles: { fgprof: { seconds: 5 }, cpu: { seconds: 100 } } }),
    ]);
    const starting = bench.scraper([], { EVERFLAME_CONFIG: file });
    await expect(starting).rejects.toThrow(DomainError);
    await expect(starting).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringMatching(/profiles\.cpu\.seconds[^]*profiles\.fgprof: path is required/),
    });
  });

  it('has a door that is closed to web pages and rebound names', async () => {
    const env = { SCRAPER_ALLOWED_HOSTS: 'profiles.example.com,.internal.example' };
    const port = Number(new URL((await bench.scraper([], env)).url).port);
    for (const [name, lines, outcome] of doorCases({ method: 'POST', path: '/api/v1/targets' })) {
      expect([name, await outcomeOfCase(port, lines(port))]).toEqual([name, outcome]);
    }
  });
});
