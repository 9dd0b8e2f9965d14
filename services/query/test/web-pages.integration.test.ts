import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askRaw, doorCases, outcomeOfCase } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestQuery } from './support/query-service.ts';

const CHANGES = [
  { method: 'POST', path: '/api/v1/delete/preview' },
  { method: 'POST', path: '/api/v1/delete' },
  { method: 'POST', path: '/api/v1/rules' },
  { method: 'PUT', path: '/api/v1/rules/heap' },
  { method: 'DELETE', path: '/api/v1/rules/heap' },
];

describe('the door of query', () => {
  let query: TestQuery;
  let port: number;
  const dashboard = mkdtempSync(join(tmpdir(), 'everflame-dashboard-'));

  beforeAll(async () => {
    mkdirSync(join(dashboard, 'assets'));
    writeFileSync(join(dashboard, 'index.html'), '<!doctype html><title>Everflame</title>');
    writeFileSync(join(dashboard, 'assets', 'main-abc.js'), 'export {};');
    query = await TestQuery.start(undefined, undefined, {
      QUERY_ALLOWED_HOSTS: 'profiles.example.com,.internal.example',
      DASHBOARD_DIR: dashboard,
    });
    port = Number(new URL(query.url).port);
  });
  afterAll(async () => {
    await query.close();
    rmSync(dashboard, { recursive: true });
  });

  it.each(doorCases({ method: 'POST', path: '/api/v1/rules' }))(
    'takes or refuses %s',
    async (_, lines, outcome) => {
      expect(await outcomeOfCase(port, lines(port))).toEqual(outcome);
    },
  );

  it.each(CHANGES)('lets no page of another site $method $path', async ({ method, path }) => {
    const lines = [`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, 'Content-Length: 0'];
    for (const sender of ['Origin: https://evil.example', 'Origin: null', 'Sec-Fetch-Site: cross-site']) {
      expect(await outcomeOfCase(port, [...lines, sender])).toEqual([403, 'foreign_origin']);
    }
    const own = `Origin: http://127.0.0.1:${port}`;
    expect(await outcomeOfCase(port, [...lines, own, 'Sec-Fetch-Site: same-origin'])).toBe('let in');
  });

  it('shows a page of another site nothing of the API, in an image or by a script', async () => {
    const lines = ['GET /api/v1/labels HTTP/1.1', `Host: 127.0.0.1:${port}`];
    for (const site of ['cross-site', 'same-site']) {
      const sent = [...lines, `Sec-Fetch-Site: ${site}`, 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image'];
      expect((await askRaw(port, sent)).code).toBe('foreign_origin');
    }
  });

  it('asks nobody but its neighbours, whatever address a request names', async () => {
    const asked: string[] = [];
    const other = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('[]');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    for (const path of ['targets', 'rules', 'alerts', 'rules/heap']) {
      const lines = [`GET http://${host}/api/v1/${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`];
      expect((await askRaw(port, lines)).status).not.toBe(200);
    }
    await new Promise((resolve) => other.close(resolve));
    expect(asked).toEqual([]);
  });

  it('has no answer of the API kept, and the files of the dashboard kept for good', async () => {
    const control = async (path: string) => (await fetch(`${query.url}${path}`)).headers.get('cache-control');
    expect(await control('/api/v1/labels')).toBe('no-store');
    expect(await control('/api/v1/nothing')).toBe('no-store');
    expect(await control('/assets/main-abc.js')).toBe('public, max-age=31536000, immutable');
    expect(await control('/')).toBe('no-cache');
  });

  it('serves the dashboard with what keeps scripts, frames and forms of others out', async () => {
    const { headers } = await fetch(query.url);
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self'");
    expect(policy).toContain("object-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});
