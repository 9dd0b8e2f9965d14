import { once } from 'node:events';
import { createLogger } from '@everflame/service-kit';
import { describeWithTool, startTestRedis, type TestRedis } from '@everflame/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askRedis, openRedis } from '../src/adapters/redis-connection.ts';

const PASSWORD = 'a password that is wrong';

describeWithTool(['redis-server'], 'a Redis that wants another password', () => {
  let server: TestRedis;
  let owner: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    owner = new Redis(server.url);
    await owner.config('SET', 'requirepass', 'the right one');
  });
  afterAll(async () => {
    await owner.config('SET', 'requirepass', '');
    owner.disconnect();
    await server.stop();
  });

  it('is logged as away, without the password that was tried', async () => {
    const lines: string[] = [];
    const logger = createLogger('alerter', 'info', { write: (line) => void lines.push(line) });
    const url = new URL(server.url);
    url.password = encodeURIComponent(PASSWORD);
    const redis = openRedis(url.href, logger);
    await once(redis, 'error');
    const failure = await askRedis(redis, () => redis.ping()).catch((error: unknown) => error);
    redis.disconnect();
    logger.warn({ err: failure }, 'asked in vain');
    expect(lines.join('')).toContain('WRONGPASS');
    expect(lines.join('')).not.toContain(PASSWORD);
    expect(failure).toMatchObject({ code: 'redis_unavailable' });
  });
});
