import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, until, type RunningServer } from './start-server.ts';

let running: RunningServer;

beforeAll(async () => {
  running = await startServer();
});
afterAll(() => running.stop());

async function rowsOf(query: string): Promise<unknown[]> {
  const result = await running.client.query({ query, format: 'JSONCompactEachRow' });
  return result.json();
}

describe('concurrency', () => {
  it('runs as many statements at once as there are sessions, and queues the rest', async () => {
    const sleeps = Array.from({ length: 6 }, () => rowsOf('SELECT sleep(1)'));
    await until('four busy sessions and two waiting', () => {
      return running.server.busySessions === 4 && running.server.queuedStatements === 2;
    });
    expect(await Promise.all(sleeps)).toHaveLength(6);
    await until('idle sessions', () => running.server.busySessions === 0);
  });

  it('survives clients that leave while their statements run or wait', async () => {
    const abort = new AbortController();
    const left = Array.from({ length: 8 }, () =>
      running.client.query({ query: 'SELECT sleep(1)', abort_signal: abort.signal }).catch(() => 'left'),
    );
    await until('waiting statements', () => running.server.queuedStatements === 4);
    abort.abort();
    expect(new Set(await Promise.all(left))).toEqual(new Set(['left']));
    await until('an empty queue', () => running.server.queuedStatements === 0);
    expect(await rowsOf('SELECT 1')).toEqual([[1]]);
  });
});
