import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createClient } from '@clickhouse/client';
import { describe, expect, it } from 'vitest';
import { startEmbeddedClickHouse } from '../src/index.ts';
import { DataFolderLockedError } from '../src/data-folder-lock.ts';
import { startServer, until } from './start-server.ts';

describe('startEmbeddedClickHouse', () => {
  it('keeps tables, the default database among them, over a restart, and removes spooled rows left behind', async () => {
    const first = await startServer();
    await first.client.command({ query: 'CREATE TABLE kept (a UInt64) ENGINE = MergeTree ORDER BY a' });
    await first.client.insert({ table: 'kept', values: [{ a: 1 }], format: 'JSONEachRow' });
    await first.server.close();
    await mkdir(join(first.dataDir, 'insert-spool'), { recursive: true });
    await writeFile(join(first.dataDir, 'insert-spool', '7.rows'), 'left behind');
    const again = await startEmbeddedClickHouse({ dataDir: first.dataDir, password: '' });
    const client = createClient({ url: again.url });
    const result = await client.query({ query: 'SELECT a FROM kept', format: 'JSONEachRow' });
    expect(await result.json()).toEqual([{ a: '1' }]);
    expect(await readdir(join(first.dataDir, 'insert-spool'))).toEqual([]);
    await client.close();
    await again.close();
    await first.stop();
  });

  it('refuses a data folder that this process has open', async () => {
    const first = await startServer();
    await expect(startEmbeddedClickHouse({ dataDir: first.dataDir, password: '' })).rejects.toBeInstanceOf(
      DataFolderLockedError,
    );
    expect(await first.client.ping()).toEqual({ success: true });
    await first.stop();
  });

  it('answers /healthz from the engine while every session is busy, to all who ask at once', async () => {
    const running = await startServer({ sessions: 2 });
    const sleeps = [0, 1, 2].map(() => running.client.query({ query: 'SELECT sleep(2)', format: 'JSON' }));
    await until('busy sessions', () => running.server.queuedStatements === 1);
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => (await fetch(`${running.server.url}/healthz`)).status),
    );
    expect(answers).toEqual([200, 200, 200, 200, 200]);
    expect(running.server.queuedStatements).toBe(1);
    for (const result of await Promise.all(sleeps)) await result.text();
    await running.stop();
  });

  it('refuses statements beyond the queue and bodies beyond the bound, and goes on', async () => {
    const running = await startServer({ sessions: 1, maxQueued: 1, maxBodyBytes: 1000 });
    const sleeps = [0, 1].map(() => running.client.query({ query: 'SELECT sleep(1)', format: 'JSON' }));
    await until('a full queue', () => running.server.queuedStatements === 1);
    await expect(running.client.query({ query: 'SELECT 1' })).rejects.toMatchObject({
      type: 'TOO_MANY_SIMULTANEOUS_QUERIES',
    });
    for (const result of await Promise.all(sleeps)) await result.text();
    await running.client.command({ query: 'CREATE TABLE b (s String) ENGINE = MergeTree ORDER BY s' });
    const large = running.client.insert({
      table: 'b',
      values: [{ s: 'x'.repeat(2000) }],
      format: 'JSONEachRow',
    });
    await expect(large).rejects.toMatchObject({ type: 'LIMIT_EXCEEDED' });
    await running.client.insert({ table: 'b', values: [{ s: 'fits' }], format: 'JSONEachRow' });
    const count = await running.client.query({
      query: 'SELECT count() FROM b',
      format: 'JSONCompactEachRow',
    });
    expect(await count.json()).toEqual([['1']]);
    // The rows of the refused upload are removed after its answer.
    const spool = join(running.dataDir, 'insert-spool');
    await until('an empty spool', async () => (await readdir(spool)).length === 0);
    await running.stop();
  });

  it.each([undefined, 'gzip'])('stores nothing of an upload (%s) that breaks off', async (encoding) => {
    const running = await startServer();
    await running.client.command({ query: 'CREATE TABLE cut (s String) ENGINE = MergeTree ORDER BY s' });
    const rows = Buffer.from('{"s":"row"}\n'.repeat(10_000));
    const upload = request(`${running.server.url}/?query=INSERT+INTO+cut+FORMAT+JSONEachRow`, {
      method: 'POST',
      headers: encoding === undefined ? {} : { 'content-encoding': encoding },
    });
    upload.on('error', () => undefined);
    const spool = join(running.dataDir, 'insert-spool');
    upload.write(encoding === undefined ? rows : gzipSync(rows));
    await until('rows in the spool', async () => (await readdir(spool)).length > 0);
    upload.destroy();
    await until('an empty spool', async () => (await readdir(spool)).length === 0);
    const count = await running.client.query({
      query: 'SELECT count() FROM cut',
      format: 'JSONCompactEachRow',
    });
    expect(await count.json()).toEqual([['0']]);
    await running.stop();
  });
});
