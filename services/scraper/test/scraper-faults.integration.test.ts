import {
  describeWithTool,
  FaultProxy,
  freePort,
  startTestRedis,
  type TestRedis,
  waitFor,
} from '@everflame/testkit';
import { gzipFast } from '@everflame/service-kit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { only, pool } from './support/configs.ts';
import { FakeGoProcess } from './support/fake-go-process.ts';
import { labelsOf, ScraperBench, targetsOf } from './support/scraper-bench.ts';

describeWithTool(['redis-server'], 'the scraper, when something is wrong', () => {
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
    expect(await readiness()).toMatchObject({ code: 503, checks: { redis: 'Redis does not answer.' } });
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
});
