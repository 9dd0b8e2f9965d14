import { RedisConnections } from '@everflame/service-kit/redis';
import {
  describeWithTool,
  setClockAhead,
  startTestRedis,
  type TestRedis,
  waitFor,
  quietLogger,
} from '@everflame/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, it } from 'vitest';
import { RedisOwnership } from '../src/adapters/redis-ownership.ts';
import { only, pool } from './support/configs.ts';
import { FakeGoProcess } from './support/fake-go-process.ts';
import { ScraperBench } from './support/scraper-bench.ts';

const HOUR_MS = 3_600_000;

describeWithTool(['redis-server'], 'the scraper, when the clock of its machine is set', () => {
  let redis: TestRedis;
  let bench: ScraperBench;

  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(() => {
    bench = new ScraperBench(redis.url);
  });
  afterEach(async () => {
    setClockAhead(0);
    await bench.stop();
  });

  it.each([
    ['back', HOUR_MS],
    ['forward', -HOUR_MS],
  ])('%s by an hour, goes on scraping', async (_, wrongByMs) => {
    const process = new FakeGoProcess();
    const target = await bench.target(process.handle);
    const ingest = await bench.ingest();
    const configs = [pool('shop', [target.address], { scrape_interval: '1s', profiles: only('allocs') })];
    const env = { INGEST_GRPC_ADDRESS: ingest.address };
    setClockAhead(wrongByMs);
    const before = await bench.scraper(configs, env);
    await waitFor(() => process.allocRequests >= 2, { what: 'scrapes' });
    await before.close();
    setClockAhead(0);
    const scrapes = process.allocRequests;
    await bench.scraper(configs, env);
    await waitFor(() => process.allocRequests >= scrapes + 3, { what: 'scrapes after the jump' });
  });

  it('back by an hour, still sees which other scrapers there are', async () => {
    const logger = quietLogger();
    const join = async (): Promise<RedisOwnership> => {
      const connections = new RedisConnections({ url: redis.url, whileAway: 'nothing is owned' }, logger);
      bench.onStop(() => connections.close());
      await waitFor(() => connections.ping().then(() => true), { what: 'Redis' });
      const ownership = new RedisOwnership(connections, bench.prefix, logger);
      ownership.join(() => undefined);
      return ownership;
    };
    const ids = Array.from({ length: 20 }, (_, i) => `target-${i}`);
    const first = await join();
    await Promise.all(ids.map((id) => first.handOver(id)));
    setClockAhead(-HOUR_MS);
    await join();
    await waitFor(async () => (await Promise.all(ids.map((id) => first.handOver(id)))).includes(true), {
      what: 'a target to be handed over',
    });
  });
});
