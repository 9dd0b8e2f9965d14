import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  FaultProxy,
  describeWithTool,
  freePort,
  freshDatabase,
  startTestClickHouse,
  startTestRedis,
  waitFor,
} from '../src/index.ts';

describe('startTestClickHouse', () => {
  it('shares one server until its last user stops, and starts a new one afterwards', async () => {
    const [first, second] = await Promise.all([startTestClickHouse(), startTestClickHouse()]);
    expect(second.url).toBe(first.url);
    await first.stop();
    await first.stop();
    const database = await freshDatabase(second.url);
    const client = createClient({
      url: second.url,
      database: database.name,
      log: { level: ClickHouseLogLevel.OFF },
    });
    await client.command({ query: 'CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a' });
    await client.insert({ table: 't', values: [{ a: 1 }], format: 'JSONEachRow' });
    const result = await client.query({ query: 'SELECT a FROM t', format: 'JSONEachRow' });
    expect(await result.json()).toEqual([{ a: 1 }]);
    await database.drop();
    await expect(client.query({ query: 'SELECT 1' })).rejects.toMatchObject({ type: 'UNKNOWN_DATABASE' });
    await client.close();
    await second.stop();
    const third = await startTestClickHouse();
    const databases = await Promise.all([freshDatabase(third.url), freshDatabase(third.url)]);
    expect(databases[0].name).not.toBe(databases[1].name);
    await Promise.all(databases.map((each) => each.drop()));
    await third.stop();
  });
});

describeWithTool(['redis-server'], 'startTestRedis', () => {
  it('starts an empty Redis and ends it', async () => {
    const server = await startTestRedis();
    const redis = new Redis(server.url);
    await redis.set('key', 'value');
    expect(await redis.get('key')).toBe('value');
    await redis.del('key');
    redis.disconnect();
    await server.stop();
    if (process.env['REDIS_TEST_URL'] === undefined) {
      const after = new Redis(server.url, { lazyConnect: true, retryStrategy: () => null });
      after.on('error', () => undefined);
      await expect(after.connect()).rejects.toThrow();
    }
  });
});

describe('FaultProxy', () => {
  let echo: Server;
  let proxy: FaultProxy;
  let client: Socket;
  let received = '';

  async function open(): Promise<Socket> {
    client = connect(proxy.port, '127.0.0.1');
    client.on('error', () => undefined);
    client.on('data', (chunk) => (received += chunk.toString()));
    await once(client, 'connect');
    return client;
  }

  beforeEach(async () => {
    received = '';
    echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    echo.listen(await freePort(), '127.0.0.1');
    await once(echo, 'listening');
    proxy = await FaultProxy.start((echo.address() as AddressInfo).port);
  });
  afterEach(async () => {
    client.destroy();
    await proxy.close();
    echo.close();
  });

  it('passes bytes both ways, late in mode delay', async () => {
    const socket = await open();
    socket.write('one ');
    await waitFor(() => received === 'one ', { what: 'the echo' });
    await proxy.setMode({ kind: 'delay', delayMs: 30 });
    socket.write('two');
    await waitFor(() => received === 'one two', { what: 'the late echo' });
  });

  it('lets nothing through as a black hole, and everything afterwards', async () => {
    const socket = await open();
    socket.write('before ');
    await waitFor(() => received === 'before ', { what: 'the echo' });
    await proxy.setMode({ kind: 'blackhole' });
    socket.write('during ');
    const other = connect(proxy.port, '127.0.0.1');
    await once(other, 'connect');
    other.destroy();
    expect(received).toBe('before ');
    await proxy.setMode({ kind: 'pass' });
    await waitFor(() => received === 'before during ', { what: 'the rest' });
  });

  it('refuses: resets what is open, refuses what is new, and comes back on the same port', async () => {
    const socket = await open();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await proxy.setMode({ kind: 'refuse' });
    await closed;
    const refused = connect(proxy.port, '127.0.0.1');
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    await proxy.setMode({ kind: 'pass' });
    (await open()).write('again');
    await waitFor(() => received === 'again', { what: 'the echo' });
  });
});
