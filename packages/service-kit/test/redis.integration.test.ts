import { once } from 'node:events';
import { describeWithTool, FaultProxy, startTestRedis, type TestRedis, waitFor } from '@everflame/testkit';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createLogger } from '../src/logging.ts';
import { RedisConnections } from '../src/redis.ts';

const PASSWORD = 'a password that is wrong';

/** Connections whose log can be read. */
function connect(url: string): { redis: RedisConnections; lines: string[] } {
  const lines: string[] = [];
  const logger = createLogger('test', 'info', { write: (line) => void lines.push(line) });
  return { redis: new RedisConnections({ url, whileAway: 'nothing is done' }, logger), lines };
}

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
    const url = new URL(server.url);
    url.password = encodeURIComponent(PASSWORD);
    const { redis, lines } = connect(url.href);
    await once(redis.commands, 'error');
    const failure = await redis.ping().catch((error: unknown) => error);
    redis.close();
    createLogger('test', 'info', { write: (line) => void lines.push(line) }).warn(
      { err: failure },
      'asked in vain',
    );
    expect(lines.join('')).toContain('WRONGPASS');
    expect(lines.join('')).not.toContain(PASSWORD);
    expect(failure).toMatchObject({ code: 'redis_unavailable' });
  });
});

describeWithTool(['redis-server'], 'an outage of Redis', () => {
  let server: TestRedis;
  let proxy: FaultProxy;
  let redis: RedisConnections;
  let lines: string[];

  beforeAll(async () => {
    server = await startTestRedis();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    proxy = await FaultProxy.start(Number(new URL(server.url).port));
    ({ redis, lines } = connect(`redis://127.0.0.1:${proxy.port}`));
  });
  afterEach(async () => {
    redis.close();
    await proxy.close();
  });

  const messages = (): unknown[] => lines.map((line) => (JSON.parse(line) as { msg: unknown }).msg);
  const isReady = (): Promise<void> =>
    waitFor(() => redis.ping().then(() => true), { what: 'an answer' }).then();

  it('is said once, with what it means, and its end once', async () => {
    await isReady();
    const waiting = redis.openWaiting();
    await waiting.ping();
    let attempts = 0;
    redis.commands.on('reconnecting', () => attempts++);
    await proxy.setMode({ kind: 'refuse' });
    await waitFor(() => attempts >= 3, { what: 'attempts to connect' });
    await proxy.setMode({ kind: 'pass' });
    await isReady();
    await waiting.ping();
    expect(messages()).toEqual(['Redis does not answer; nothing is done', 'Redis answers again']);
  });

  it('fails commands at once, and lets those of a waiting connection wait', async () => {
    await isReady();
    const waiting = redis.openWaiting();
    await proxy.setMode({ kind: 'refuse' });
    const waited = waiting.ping();
    await waitFor(() => redis.commands.status !== 'ready', { what: 'the loss of the connection' });
    await expect(redis.ping()).rejects.toMatchObject({ code: 'redis_unavailable' });
    await proxy.setMode({ kind: 'pass' });
    expect(await waited).toBe('PONG');
  });

  it('is no mistake of a command, which comes as Redis put it', async () => {
    await isReady();
    await expect(redis.ask((commands) => commands.call('NONSENSE'))).rejects.toThrow('unknown command');
    expect(messages()).toEqual([]);
  });

  it('ends the wait for work that needs it', async () => {
    await proxy.setMode({ kind: 'refuse' });
    await redis.within(redis.openWaiting().ping());
    redis.close();
  });
});
