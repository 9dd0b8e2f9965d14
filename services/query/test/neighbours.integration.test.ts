import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestQuery } from './support/query-service.ts';

describe('what query passes on to ingest', () => {
  let query: TestQuery;
  const asked: unknown[] = [];
  const callers: unknown[] = [];
  const ingest = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push([request.method, request.url, request.headers['content-type'], body]);
      callers.push(request.headers.authorization);
      response.writeHead(409, { 'content-type': 'application/json' });
      response.end('{"error":{"code":"deletion_running"}}');
    });
  });

  beforeAll(async () => {
    await new Promise<void>((resolve) => ingest.listen(0, '127.0.0.1', resolve));
    const { port } = ingest.address() as AddressInfo;
    query = await TestQuery.start(undefined, undefined, { QUERY_INGEST_URL: `http://127.0.0.1:${port}` });
  });
  afterAll(async () => {
    await query.close();
    await new Promise((resolve) => ingest.close(resolve));
  });

  const post = (path: string, type: string, body: string): Promise<Response> =>
    fetch(`${query.url}/api/v1/${path}`, { method: 'POST', headers: { 'content-type': type }, body });

  it('is a deletion as it was sent, and its answer comes back', async () => {
    const body = JSON.stringify({ query: '{service_name="ä"}', from: 'now-1h', to: 'now' });
    const response = await post('delete/preview', 'application/json', body);
    expect([response.status, response.headers.get('content-type')]).toEqual([409, 'application/json']);
    expect(await response.json()).toEqual({ error: { code: 'deletion_running' } });
    await post('delete?a=b', 'text/plain', body);
    expect(asked).toEqual([
      ['POST', '/api/v1/delete/preview', 'application/json', body],
      ['POST', '/api/v1/delete?a=b', 'text/plain', body],
    ]);
  });

  it('says who asks', async () => {
    const headers = { authorization: 'Bearer somebody' };
    await fetch(`${query.url}/api/v1/delete`, { method: 'POST', headers });
    expect(callers.at(-1)).toBe('Bearer somebody');
    await fetch(`${query.url}/api/v1/delete`, { method: 'POST' });
    expect(callers.at(-1)).toBeUndefined();
  });

  it('is refused with a reason while ingest is away', async () => {
    const other = await TestQuery.start();
    const response = await fetch(`${other.url}/api/v1/delete`, { method: 'POST' });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      error: { code: 'ingest_unavailable', message: 'Ingest does not answer.' },
    });
    await other.close();
  });
});
