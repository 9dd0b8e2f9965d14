import { request } from 'node:http';
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type RunningServer } from './start-server.ts';

const PASSWORD = 'correct horse:battery';

let running: RunningServer;

beforeAll(async () => {
  running = await startServer({ password: PASSWORD, allowedHosts: ['db.internal'] });
});
afterAll(() => running.stop());

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly sql?: string;
}

interface Answer {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly text: string;
}

/** Unlike fetch, sends whatever Host and Origin a test wants. */
function ask({ method = 'POST', path = '/', headers = {}, sql = '' }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: running.server.port, method, path, headers },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({
            status: answer.statusCode,
            code: answer.headers['x-clickhouse-exception-code']?.toString(),
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(sql);
  });
}

const basic = (credentials: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
});
const good = basic(`default:${PASSWORD}`);

async function tables(): Promise<string> {
  const answer = await ask({ headers: good, sql: 'SHOW TABLES' });
  expect(answer.status).toBe(200);
  return answer.text;
}

describe('the password', () => {
  it('is taken from Authorization, from the headers of ClickHouse and from the URL', async () => {
    const key = { 'X-ClickHouse-User': 'default', 'X-ClickHouse-Key': PASSWORD };
    const path = `/?user=default&password=${encodeURIComponent(PASSWORD)}`;
    for (const asked of [{ headers: good }, { headers: key }, { path }]) {
      expect(await ask({ ...asked, sql: 'SELECT 1' })).toMatchObject({ status: 200, text: '1\n' });
    }
    const result = await running.client.query({ query: 'SELECT 1 AS n', format: 'JSONEachRow' });
    expect(await result.json()).toEqual([{ n: 1 }]);
  });

  it.each<Asked>([
    {},
    { headers: basic('default:') },
    { headers: basic(`default:${PASSWORD}x`) },
    { headers: basic(`other:${PASSWORD}`) },
    { headers: { Authorization: 'Bearer x' } },
    { headers: { 'X-ClickHouse-User': 'default' } },
    { headers: { 'X-ClickHouse-Key': PASSWORD.toUpperCase() } },
    { path: '/?user=default&password=' },
    { path: '/?query=CREATE+TABLE+x+(a+Int8)+ENGINE+%3D+Memory' },
    { method: 'GET', path: '/?query=SELECT+1' },
  ])('is asked for with %j', async (asked) => {
    const answer = await ask({ sql: 'CREATE TABLE x (a Int8) ENGINE = Memory', ...asked });
    expect(answer).toMatchObject({ status: 403, code: '516' });
    expect(answer.text).toMatch(/^Code: 516\. DB::Exception: .+ \(AUTHENTICATION_FAILED\)\n$/);
    expect(await tables()).toBe('');
  });

  it('is not needed to see that the server lives, and a client is told what is wrong', async () => {
    expect(await ask({ method: 'GET', path: '/ping' })).toMatchObject({ status: 200, text: 'Ok.\n' });
    const stranger = createClient({ url: running.server.url });
    await expect(stranger.command({ query: 'SELECT 1' })).rejects.toMatchObject({
      code: '516',
      type: 'AUTHENTICATION_FAILED',
    });
    await stranger.close();
  });
});

describe('a web page', () => {
  it.each<Record<string, string>>([
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    { Origin: 'http://127.0.0.1:8123' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
  ])('is refused with %j, whatever it knows', async (headers) => {
    const sql = 'CREATE TABLE x (a Int8) ENGINE = Memory';
    expect(await ask({ headers: { ...good, ...headers }, sql })).toMatchObject({ status: 403, code: '497' });
    expect(await ask({ method: 'GET', path: '/ping', headers })).toMatchObject({ status: 403 });
    expect(await tables()).toBe('');
  });

  it.each(['evil.example', 'evil.example:8123', 'localhost.evil.example', '127.0.0.1.evil.example:8123'])(
    'is refused under the name %s',
    async (Host) => {
      const answer = await ask({ headers: { ...good, Host }, sql: 'SELECT 1' });
      expect(answer).toMatchObject({ status: 421, code: '497' });
    },
  );

  it.each(['127.0.0.1:8123', 'localhost:8123', 'LOCALHOST', '[::1]:8123', '192.0.2.7', 'db.internal:8123'])(
    'could not have the name %s, which is answered',
    async (Host) => {
      expect(await ask({ headers: { ...good, Host }, sql: 'SELECT 1' })).toMatchObject({ status: 200 });
    },
  );
});

describe('GET', () => {
  it.each([
    'CREATE TABLE x (a Int8) ENGINE = Memory',
    'INSERT INTO x SELECT 1',
    'DROP DATABASE default',
    'KILL QUERY WHERE 1',
  ])('does not run %s', async (sql) => {
    const answer = await ask({ method: 'GET', path: `/?query=${encodeURIComponent(sql)}`, headers: good });
    expect(answer).toMatchObject({ status: 403, code: '164' });
    expect(answer.text).toContain('(READONLY)');
    expect(await tables()).toBe('');
  });

  it('reads', async () => {
    const asked = { method: 'GET', path: '/?query=SELECT+1', headers: good };
    expect(await ask(asked)).toMatchObject({ status: 200, text: '1\n' });
  });

  it.each(['//', '//[', 'http://[/', '/\\[', '*'])('outlives a request for %s', async (path) => {
    expect((await ask({ method: 'GET', path })).status).toBeGreaterThanOrEqual(400);
    expect((await ask({ method: 'GET', path: '/ping' })).status).toBe(200);
  });
});
