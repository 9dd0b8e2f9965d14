import { DomainError } from '@everflame/profile';
import {
  describeWithTool,
  FaultProxy,
  freePort,
  startTestRedis,
  type TestRedis,
  waitFor,
} from '@everflame/testkit';
import { createLogger, gzipFast } from '@everflame/service-kit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createScraper, readConfig } from '../src/index.ts';
import { BYTES_PER_REQUEST, FakeGoProcess } from './support/fake-go-process.ts';
import { labelsOf, sampleTypesOf, ScraperBench, targetsOf, totalOf } from './support/scraper-bench.ts';

const ALL = ['allocs', 'block', 'cpu', 'goroutine', 'heap', 'mutex', 'threadcreate'];

function only(...keys: string[]): object {
  return Object.fromEntries(ALL.filter((key) => !keys.includes(key)).map((key) => [key, { enabled: false }]));
}

function pool(job_name: string, targets: string[], more: object = {}): object {
  return { job_name, scrape_interval: '1s', static_configs: [{ targets }], ...more };
}

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
    expect(status?.profiles.map(({ profile }) => profile).toSorted()).toEqual(ALL);
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

  it('gives every kind of failure its code, and keeps it from the other targets', async () => {
    const body = gzipFast(new Uint8Array(3000));
    const page = await bench.target((_, response) => {
      response.setHeader('content-type', 'text/html').end('<html>');
    });
    const missing = await bench.target((_, response) => {
      response.writeHead(404, { 'content-type': 'text/plain', 'x-go-pprof': '1' }).end('Unknown profile\n');
    });
    const truncated = await bench.target((_, response) => response.end(body.subarray(0, 25)));
    const text = await bench.target((_, response) =>
      response.end('heap profile: 3: 4096 [10: 8192] @ heap/1048576\n'),
    );
    const bomb = await bench.target((_, response) => response.end(gzipFast(new Uint8Array(2_000_000))));
    const huge = await bench.target((_, response) => response.end(Buffer.alloc(200_000, 10)));
    const silent = await bench.target(() => undefined);
    const good = await bench.target(new FakeGoProcess().handle);
    const nobody = `127.0.0.1:${await freePort()}`;
    const addresses = {
      page: page.address,
      missing: missing.address,
      truncated: truncated.address,
      text: text.address,
      bomb: bomb.address,
      huge: huge.address,
      silent: silent.address,
      nobody,
      good: good.address,
    };
    const ingest = await bench.ingest();
    const service = await bench.scraper(
      Object.entries(addresses).map(([name, address]) =>
        pool(name, [address], { scrape_timeout: '700ms', profiles: only('heap') }),
      ),
      {
        INGEST_GRPC_ADDRESS: ingest.address,
        SCRAPER_MAX_BODY_BYTES: '100000',
        SCRAPER_MAX_DECOMPRESSED_BYTES: '1000000',
      },
    );
    const targets = await waitFor(
      async () => {
        const all = await targetsOf(service);
        return all.every(({ health }) => health !== 'unknown') ? all : undefined;
      },
      { what: 'a scrape of every target' },
    );
    const codes = Object.fromEntries(
      targets.map(({ pool, health, profiles }) => [pool, `${health} ${profiles[0]?.lastError?.code}`]),
    );
    expect(codes).toEqual({
      page: 'down not_a_profile',
      missing: 'down http_status',
      truncated: 'down malformed_profile',
      text: 'down not_a_profile',
      bomb: 'down limit_decompressed_bytes',
      huge: 'down limit_body_bytes',
      silent: 'down scrape_timeout',
      nobody: 'down connection_refused',
      good: 'up undefined',
    });
    expect(targets.find(({ pool }) => pool === 'missing')?.profiles[0]?.lastError?.message).toBe(
      'The target answered 404 Not Found: Unknown profile',
    );
    expect(new Set(ingest.pushes.map((push) => labelsOf(push)['job']))).toEqual(new Set(['good']));
  });

  it('shares targets with another scraper: none is scraped twice, nothing is counted twice', async () => {
    const processes = Array.from({ length: 6 }, () => new FakeGoProcess());
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
    const shared = byFirst.filter((scrapes, i) => scrapes > 1 && (bySecond[i] ?? 0) > 1);
    expect(shared).toEqual([]);

    await first.close();
    const before = processes.map(({ allocRequests }) => allocRequests);
    await waitFor(() => processes.every(({ allocRequests }, i) => allocRequests >= (before[i] ?? 0) + 3), {
      what: 'the other scraper to go on with all targets',
    });
    await second.close();
    const schedules = await bench.schedules();
    expect(schedules).toHaveLength(6);
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

  it('is not ready while Redis is away, and scrapes again when it is back, even if it forgot everything', async () => {
    const proxy = await FaultProxy.start(Number(new URL(redis.url).port));
    bench.onStop(() => proxy.close());
    const process = new FakeGoProcess();
    const target = await bench.target(process.handle);
    const ingest = await bench.ingest();
    await proxy.setMode({ kind: 'refuse' });
    const service = await bench.scraper([pool('shop', [target.address], { profiles: only('allocs') })], {
      INGEST_GRPC_ADDRESS: ingest.address,
      REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    });
    const readiness = async () => {
      const response = await fetch(`${service.url}/readyz`);
      return { code: response.status, ...((await response.json()) as { checks: Record<string, string> }) };
    };
    expect(await readiness()).toMatchObject({ code: 503, checks: { redis: 'Redis cannot be reached' } });
    await proxy.setMode({ kind: 'pass' });
    await waitFor(() => process.allocRequests >= 2, { what: 'scrapes' });
    await waitFor(async () => (await readiness()).code === 200, { what: 'readiness' });
    await proxy.setMode({ kind: 'refuse' });
    await waitFor(async () => (await readiness()).code === 503, { what: 'unreadiness' });
    await bench.forgetSchedules();
    await proxy.setMode({ kind: 'pass' });
    const before = process.allocRequests;
    await waitFor(() => process.allocRequests >= before + 2, { what: 'scrapes after the failure' });
  });

  it('keeps a profile for ingest while that is away for a moment', async () => {
    const target = await bench.target(new FakeGoProcess().handle);
    const port = await freePort();
    const service = await bench.scraper(
      [pool('shop', [target.address], { scrape_interval: '5s', profiles: only('heap') })],
      { INGEST_GRPC_ADDRESS: `127.0.0.1:${port}` },
    );
    await waitFor(() => target.requests.length > 0, { what: 'a scrape' });
    const response = await fetch(`${service.url}/readyz`);
    expect(await response.json()).toMatchObject({ checks: { ingest: 'ingest does not answer' } });
    const ingest = await bench.ingest(undefined, port);
    await waitFor(() => ingest.pushes.length > 0, { what: 'the profile' });
  });

  it('stops in the middle of a recording without waiting for it', async () => {
    let hasLeft = false;
    const target = await bench.target((_, response) => response.on('close', () => (hasLeft = true)));
    const ingest = await bench.ingest();
    const service = await bench.scraper(
      [pool('shop', [target.address], { scrape_interval: '2s', profiles: only('cpu') })],
      { INGEST_GRPC_ADDRESS: ingest.address },
    );
    await waitFor(() => target.requests.length > 0, { what: 'a recording' });
    await service.close();
    await waitFor(() => hasLeft, { what: 'the connection to close' });
    expect(ingest.pushes).toEqual([]);
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
      createLogger('test', 'silent'),
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
});
