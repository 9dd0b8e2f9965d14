import { writeFileSync } from 'node:fs';
import type { RunningService } from '@everflame/service-kit';
import { describeWithTool, startTestRedis, type TestRedis, waitFor } from '@everflame/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { only, pool } from './support/configs.ts';
import { BYTES_PER_REQUEST, FakeGoProcess } from './support/fake-go-process.ts';
import { labelsOf, ScraperBench, targetsOf, totalOf } from './support/scraper-bench.ts';

describeWithTool(['redis-server'], 'a scraper whose everflame.yaml changes', () => {
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

  /** A scraper of two of three targets, which are real processes with counters. */
  async function setUp() {
    const processes = [new FakeGoProcess(), new FakeGoProcess(), new FakeGoProcess()] as const;
    const targets = await Promise.all(processes.map(({ handle }) => bench.target(handle)));
    const ingest = await bench.ingest();
    const configOf = (...indices: number[]) => [
      pool(
        'shop',
        indices.map((index) => targets[index]!.address),
        { profiles: only('allocs') },
      ),
    ];
    const path = bench.writeConfig(configOf(0, 1));
    const service = await bench.scraper([], {
      EVERFLAME_CONFIG: path,
      INGEST_GRPC_ADDRESS: ingest.address,
    });
    const urls = async () => (await targetsOf(service)).map(({ url }) => url).toSorted();
    const urlsOf = (...indices: number[]) => indices.map((index) => targets[index]!.url).toSorted();
    return { processes, targets, ingest, service, path, configOf, urls, urlsOf };
  }

  function waitForScrapes(process: FakeGoProcess, count: number): Promise<unknown> {
    const before = process.allocRequests;
    return waitFor(() => process.allocRequests >= before + count, { what: `${count} scrapes` });
  }

  /** How often BullMQ has scheduled the target; starts again with a schedule that is made anew. */
  async function iterationsOf(service: RunningService, url: string): Promise<number> {
    const id = (await targetsOf(service)).find((target) => target.url === url)?.id;
    return (await bench.schedules()).find(({ key }) => key === id)?.iterations ?? 0;
  }

  async function readiness(service: RunningService) {
    const response = await fetch(`${service.url}/readyz`);
    const { checks } = (await response.json()) as { checks: Record<string, string> };
    return { code: response.status, config: checks['config'] };
  }

  it('scrapes what is added and leaves what is removed, and what stays keeps its deltas', async () => {
    const { processes, targets, ingest, service, path, configOf, urls, urlsOf } = await setUp();
    const [removed, stays, added] = processes;
    await waitForScrapes(removed, 2);
    await waitForScrapes(stays, 2);
    const iterations = await iterationsOf(service, targets[1]!.url);
    expect(iterations).toBeGreaterThan(1);
    bench.writeConfig(configOf(1, 2), path);
    await waitForScrapes(added, 3);
    expect(await urls()).toEqual(urlsOf(1, 2));
    expect(await bench.schedules()).toHaveLength(2);
    const requests = removed.allocRequests;
    await waitForScrapes(stays, 3);
    expect(await iterationsOf(service, targets[1]!.url)).toBeGreaterThan(iterations + 3);
    expect(removed.allocRequests).toBe(requests);
    const pushed = ingest.pushes.filter((push) => labelsOf(push)['instance'] === targets[1]!.address);
    // All of its requests but the first, which is the baseline: no other one was.
    const total = pushed.reduce((sum, push) => sum + totalOf(push, 'alloc_space'), 0);
    const counted = total / BYTES_PER_REQUEST + 1;
    expect([stays.allocRequests, stays.allocRequests - 1]).toContain(counted);
  });

  it('takes another interval and other labels', async () => {
    const { targets, service, path, processes } = await setUp();
    await waitForScrapes(processes[0], 1);
    const labels = { zone: 'b' };
    bench.writeConfig(
      [
        pool('shop', [], {
          scrape_interval: '2s',
          static_configs: [{ targets: [targets[0]!.address], labels }],
          profiles: only('allocs'),
        }),
      ],
      path,
    );
    await waitFor(async () => (await targetsOf(service))[0]?.labels['zone'] === 'b', { what: 'the label' });
    expect(await targetsOf(service)).toMatchObject([{ scrapeIntervalMs: 2000 }]);
    await waitForScrapes(processes[0], 2);
  });

  it('goes on with what it has when the file becomes wrong, and says so until it is mended', async () => {
    const { processes, service, path, configOf, urls, urlsOf } = await setUp();
    await waitForScrapes(processes[0], 1);
    expect(await readiness(service)).toEqual({ code: 200, config: 'ok' });
    writeFileSync(path, 'scrape_configs:\n  - job_name: shop\n    scrape_interval: often\n');
    await waitFor(async () => (await readiness(service)).config !== 'ok', { what: 'the remark' });
    const { code, config } = await readiness(service);
    expect(code).toBe(200);
    expect(config).toContain(`${path}:3:22: scrape_configs.0.scrape_interval`);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toMatch(/everflame_config_last_reload_successful\{.*\} 0/);
    await waitForScrapes(processes[0], 2);
    expect(await urls()).toEqual(urlsOf(0, 1));
    bench.writeConfig(configOf(2), path);
    await waitForScrapes(processes[2], 1);
    expect((await readiness(service)).config).toBe('ok');
    expect(await urls()).toEqual(urlsOf(2));
  });
});
