import { ProfileDecoder } from '@everflame/profile';
import { gunzipBounded } from '@everflame/service-kit';
import { describeWithTool, readTestdata, startTestRedis, type TestRedis, waitFor } from '@everflame/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { pool } from './support/configs.ts';
import { pathOf } from './support/fake-target.ts';
import { collapsedOf, sampleTypesOf, ScraperBench, totalOf } from './support/scraper-bench.ts';

const SCRAPES = 6;

function corpus(name: string): Buffer {
  return readTestdata(`corpus/own/go/webapp.${name}.pb.gz`);
}

function totalsOf(body: Buffer): Record<string, number> {
  const { sampleTypes, sampleCount, values } = new ProfileDecoder().decode(gunzipBounded(body, 1 << 26));
  const totals = sampleTypes.map(({ type }, column) => {
    let total = 0;
    for (let row = 0; row < sampleCount; row++) total += values[row * sampleTypes.length + column] ?? 0;
    return [type, total] as const;
  });
  return Object.fromEntries(totals);
}

describeWithTool(['redis-server'], 'the scraper and successive profiles of a real Go process', () => {
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

  it('pushes levels as they are, and of counters the differences, which add up', async () => {
    const requests = new Map<string, number>();
    const target = await bench.target((request, response) => {
      const name = pathOf(request).replace('/debug/pprof/', '');
      const n = (requests.get(name) ?? 0) + 1;
      requests.set(name, n);
      if (name === 'profile') response.end(corpus('cpu10s'));
      else if (n > SCRAPES) response.writeHead(404).end();
      else response.end(corpus(`${name}.${n}`));
    });
    const ingest = await bench.ingest();
    await bench.scraper([pool('webapp', [target.address])], { INGEST_GRPC_ADDRESS: ingest.address });
    const pushesOf = (name: string, sampleType: string) =>
      ingest.pushes.filter((push) => push.profileName === name && sampleTypesOf(push).includes(sampleType));
    await waitFor(
      () =>
        ['allocs', 'heap', 'block', 'mutex', 'goroutine', 'threadcreate'].every(
          (name) => (requests.get(name) ?? 0) > SCRAPES,
        ),
      { what: 'all scrapes' },
    );

    const counters = [
      ['allocs', 'memory', 'alloc_objects'],
      ['allocs', 'memory', 'alloc_space'],
      ['block', 'block', 'contentions'],
      ['block', 'block', 'delay'],
      ['mutex', 'mutex', 'contentions'],
      ['mutex', 'mutex', 'delay'],
    ] as const;
    for (const [file, name, sampleType] of counters) {
      const totals = Array.from(
        { length: SCRAPES },
        (_, i) => totalsOf(corpus(`${file}.${i + 1}`))[sampleType] ?? 0,
      );
      const differences = totals.slice(1).map((total, i) => total - (totals[i] ?? 0));
      expect(pushesOf(name, sampleType).map((push) => totalOf(push, sampleType))).toEqual(differences);
    }
    const levels = [
      ['heap', 'memory', 'inuse_space'],
      ['goroutine', 'goroutines', 'goroutine'],
      ['threadcreate', 'threadcreate', 'threadcreate'],
    ] as const;
    for (const [file, name, sampleType] of levels) {
      const totals = Array.from(
        { length: SCRAPES },
        (_, i) => totalsOf(corpus(`${file}.${i + 1}`))[sampleType],
      );
      expect(pushesOf(name, sampleType).map((push) => totalOf(push, sampleType))).toEqual(totals);
    }
    const [cpu] = pushesOf('process_cpu', 'cpu');
    expect(cpu?.pprof.equals(corpus('cpu10s'))).toBe(true);
    expect(cpu && collapsedOf(cpu, 'cpu').length).toBeGreaterThan(0);
  });
});
