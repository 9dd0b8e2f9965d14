import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describeWithTool, startTestRedis, type TestRedis, waitFor } from '@everflame/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { collapsedOf, sampleTypesOf, ScraperBench, targetsOf, totalOf } from './support/scraper-bench.ts';

describeWithTool(['redis-server', 'go'], 'the scraper and a Go service', () => {
  const folder = mkdtempSync(join(tmpdir(), 'everflame-shop-'));
  const program = join(folder, 'shop');
  let redis: TestRedis;
  let bench: ScraperBench;

  beforeAll(async () => {
    const source = fileURLToPath(new URL('../../../e2e/targets/go', import.meta.url));
    execFileSync('go', ['build', '-o', program, '.'], {
      cwd: source,
      env: { ...process.env, GOFLAGS: '-mod=mod' },
    });
    redis = await startTestRedis();
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await redis.stop();
  });
  beforeEach(() => {
    bench = new ScraperBench(redis.url);
  });
  afterEach(() => bench.stop());

  it('shows what a new version made slow, what it leaks, and what it holds', async () => {
    const address = await startShop(bench, program, ['-version', '2', '-hold-mb', '16']);
    const ingest = await bench.ingest();
    const config = { job_name: 'shop', scrape_interval: '3s', static_configs: [{ targets: [address] }] };
    const service = await bench.scraper([config], { INGEST_GRPC_ADDRESS: ingest.address });
    const types = () =>
      new Set(ingest.pushes.map((push) => `${push.profileName}: ${sampleTypesOf(push).join(' ')}`));
    await waitFor(() => types().size === 7, { what: 'all seven profiles' });
    expect([...types()].toSorted()).toEqual([
      'block: contentions delay',
      'goroutines: goroutine',
      'memory: alloc_objects alloc_space',
      'memory: inuse_objects inuse_space',
      'mutex: contentions delay',
      'process_cpu: samples cpu',
      'threadcreate: threadcreate',
    ]);
    const [target] = await targetsOf(service);
    expect(target?.profiles.map(({ profile, lastError }) => [profile, lastError])).toEqual(
      ['cpu', 'heap', 'allocs', 'block', 'mutex', 'goroutine', 'threadcreate'].map((key) => [key, null]),
    );

    const sumOf = (sampleType: string, frame: string): number =>
      ingest.pushes.reduce((sum, push) => sum + totalOf(push, sampleType, frame), 0);
    await waitFor(() => sumOf('cpu', 'main.priceWithDiscounts') > sumOf('cpu', 'main.rankItems'), {
      what: 'the hot function to be hotter than what was there before',
    });
    const leaks = () =>
      ingest.pushes
        .map((push) => totalOf(push, 'inuse_space', 'main.rememberSession'))
        .filter((bytes) => bytes > 0);
    await waitFor(() => leaks().length >= 2, { what: 'two looks at the leak' });
    expect(leaks().at(-1)).toBeGreaterThan(leaks()[0] ?? 0);
    expect(sumOf('alloc_space', 'main.rememberSession')).toBeGreaterThan(0);
    const heap = ingest.pushes.findLast((push) => sampleTypesOf(push).includes('inuse_space'));
    // Go samples allocations and scales them, so small ones of the same function may or may not be seen.
    const held = heap === undefined ? 0 : totalOf(heap, 'inuse_space', 'main.holdBallast') / 2 ** 20;
    expect(held).toBeGreaterThan(15.5);
    expect(held).toBeLessThan(17);
  });

  it('shows neither in the version before', async () => {
    const address = await startShop(bench, program, ['-version', '1']);
    const ingest = await bench.ingest();
    const config = { job_name: 'shop', scrape_interval: '2s', static_configs: [{ targets: [address] }] };
    await bench.scraper([config], { INGEST_GRPC_ADDRESS: ingest.address });
    await waitFor(() => ingest.pushes.some(({ profileName }) => profileName === 'process_cpu'), {
      what: 'CPU',
    });
    const text = ingest.pushes
      .flatMap((push) => sampleTypesOf(push).map((type) => collapsedOf(push, type)))
      .join();
    expect(text).toContain('main.everyTick');
    expect(text).not.toMatch(/priceWithDiscounts|rememberSession|holdBallast/);
  });
});

async function startShop(bench: ScraperBench, program: string, flags: string[]): Promise<string> {
  const shop = spawn(program, [...flags, '-exit-on-stdin-close'], { stdio: ['pipe', 'pipe', 'inherit'] });
  bench.onStop(async () => {
    shop.stdin.end();
    if (shop.exitCode === null) await once(shop, 'exit');
  });
  for await (const line of createInterface(shop.stdout)) {
    const address = /^listening on (.+)$/.exec(line)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error('the shop ended before it listened');
}
