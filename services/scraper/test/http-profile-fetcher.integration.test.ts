import { freePort } from '@everflame/testkit';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpProfileFetcher } from '../src/adapters/http-profile-fetcher.ts';
import { FakeTarget } from './support/fake-target.ts';
import type { RequestListener } from 'node:http';

const LIMIT = 1000;
const fetcher = new HttpProfileFetcher(LIMIT);
const never = new AbortController().signal;
let target: FakeTarget | undefined;

afterEach(async () => {
  await target?.stop();
  target = undefined;
});

async function fetchFrom(handle: RequestListener, timeoutMs = 10_000): Promise<Uint8Array> {
  target = await FakeTarget.start(handle);
  return fetcher.fetch(`${target.url}/debug/pprof/heap`, timeoutMs, never);
}

describe('HttpProfileFetcher', () => {
  it('returns the bytes of a 200 answer, chunked or not', async () => {
    const body = await fetchFrom((_, response) => {
      response.write(Buffer.alloc(600, 1));
      response.end(Buffer.alloc(400, 2));
    });
    expect(body).toHaveLength(1000);
    expect([body[0], body[999]]).toEqual([1, 2]);
  });

  it('stops reading a body that is too large', async () => {
    let hasLeft = false;
    const reading = fetchFrom((_, response) => {
      response.on('close', () => (hasLeft = true));
      response.write(Buffer.alloc(LIMIT + 1));
    });
    await expect(reading).rejects.toMatchObject({ code: 'limit_body_bytes' });
    await expect.poll(() => hasLeft).toBe(true);
  });

  it('does not read a body that is announced as too large', async () => {
    const reading = fetchFrom((_, response) => {
      response.setHeader('content-length', LIMIT + 1);
      response.flushHeaders();
    });
    await expect(reading).rejects.toMatchObject({ code: 'limit_body_bytes' });
  });

  it('shows the text that net/http/pprof sends with an error', async () => {
    const reading = fetchFrom((_, response) => {
      response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8', 'x-go-pprof': '1' });
      response.end(`Could not enable CPU profiling: cpu profiling already in use\n${'x'.repeat(10_000)}`);
    });
    await expect(reading).rejects.toMatchObject({
      code: 'http_status',
      message: expect.stringMatching(
        /^The target answered 500 Internal Server Error: Could not enable CPU profiling: cpu profiling already in use x{139}$/,
      ),
    });
  });

  it('names the status and not the page of an HTML error', async () => {
    const reading = fetchFrom((_, response) => {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>no</h1>');
    });
    await expect(reading).rejects.toMatchObject({
      code: 'http_status',
      message: 'The target answered 404 Not Found.',
    });
  });

  it('does not follow a redirect', async () => {
    const reading = fetchFrom((_, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/login' }).end();
    });
    await expect(reading).rejects.toMatchObject({
      code: 'http_status',
      message: 'The target answered 302 Found: redirects to http://127.0.0.1:1/login',
    });
    expect(target?.requests).toHaveLength(1);
  });

  it('refuses a page', async () => {
    const reading = fetchFrom((_, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end('<!doctype html>');
    });
    await expect(reading).rejects.toMatchObject({ code: 'not_a_profile' });
  });

  it('gives up after the timeout, before the answer and within it', async () => {
    await expect(fetchFrom(() => undefined, 50)).rejects.toMatchObject({ code: 'scrape_timeout' });
    await target?.stop();
    await expect(fetchFrom((_, response) => response.write('x'), 50)).rejects.toMatchObject({
      code: 'scrape_timeout',
      message: 'No complete answer within 50 ms.',
    });
  });

  it('says that a connection broke within the answer', async () => {
    const reading = fetchFrom((_, response) => {
      response.writeHead(200, { 'content-length': 500 });
      response.write('x', () => response.destroy());
    });
    await expect(reading).rejects.toMatchObject({ code: 'connection_lost' });
  });

  it('says that nobody listens', async () => {
    const url = `http://127.0.0.1:${await freePort()}/`;
    await expect(fetcher.fetch(url, 5000, never)).rejects.toMatchObject({ code: 'connection_refused' });
  });

  it('says that there is no such host', async () => {
    await expect(fetcher.fetch('http://nowhere.invalid/', 5000, never)).rejects.toMatchObject({
      code: 'host_not_found',
    });
  });

  it('says that the other side does not speak HTTP', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expect(fetcher.fetch(`http://127.0.0.1:${port}/`, 5000, never)).rejects.toMatchObject({
      code: 'not_a_profile',
    });
    server.close();
  });

  it('says that the other side does not speak TLS', async () => {
    target = await FakeTarget.start((_, response) => response.end());
    await expect(fetcher.fetch(target.url.replace('http:', 'https:'), 5000, never)).rejects.toMatchObject({
      code: 'tls_failed',
    });
  });

  it('rejects with the reason of the signal when it is stopped', async () => {
    const stop = new AbortController();
    target = await FakeTarget.start(() => stop.abort(new Error('stopping')));
    await expect(fetcher.fetch(target.url, 5000, stop.signal)).rejects.toThrow('stopping');
  });
});
