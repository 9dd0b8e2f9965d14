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

  it('stops a running SELECT when its client leaves, where the request asks for that', async () => {
    const abort = new AbortController();
    const endless = running.client
      .query({
        query: 'SELECT count() FROM numbers({rows:UInt64}) WHERE NOT ignore(sipHash64(number))',
        query_params: { rows: 1_000_000_000_000 },
        abort_signal: abort.signal,
        clickhouse_settings: { cancel_http_readonly_queries_on_client_disconnect: 1 },
      })
      .catch(() => 'left');
    await until('a running statement', async () => {
      const rows = await rowsOf(
        "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64(number)%'",
      );
      return String(rows) === '2';
    });
    abort.abort();
    expect(await endless).toBe('left');
    await until('idle sessions', () => running.server.busySessions === 0);
    for (let session = 0; session < 4; session++) expect(await rowsOf('SELECT 1')).toEqual([[1]]);
  });

  it('keeps what a failed statement wrote out of later answers', async () => {
    const failing = Array.from({ length: 8 }, () =>
      rowsOf('SELECT throwIf(number = 900000) FROM numbers(1000000) SETTINGS max_block_size = 1000'),
    );
    expect((await Promise.allSettled(failing)).map(({ status }) => status)).toEqual(
      failing.map(() => 'rejected'),
    );
    const answers = await Promise.all(Array.from({ length: 8 }, () => rowsOf('SELECT 7')));
    expect(answers).toEqual(answers.map(() => [[7]]));
  });

  it('lets what writes go on when its client leaves', async () => {
    await running.client.command({ query: 'CREATE TABLE kept (n UInt64) ENGINE = MergeTree ORDER BY n' });
    const abort = new AbortController();
    const left = running.client
      .command({
        query: 'INSERT INTO kept SELECT number FROM numbers(3) WHERE sleepEachRow(0.2) = 0',
        abort_signal: abort.signal,
        clickhouse_settings: { cancel_http_readonly_queries_on_client_disconnect: 1 },
      })
      .catch(() => 'left');
    await until('a busy session', () => running.server.busySessions === 1);
    abort.abort();
    expect(await left).toBe('left');
    await until('three rows', async () => String(await rowsOf('SELECT count() FROM kept')) === '3');
  });
});
