import { hostname } from 'node:os';
import { askRaw, doorCases, outcomeOfCase, type RawAnswer } from '@everflame/testkit';
import { Controller, Post } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AllowedHosts, createMetrics, type RunningService, startService } from '../src/index.ts';
import { createLogger } from '../src/logging.ts';

@Controller('things')
class ThingsController {
  @Post()
  make(): { made: boolean } {
    return { made: true };
  }
}

function start(host: string, allowedHosts?: AllowedHosts): Promise<RunningService> {
  return startService({
    logger: createLogger('test', 'silent'),
    metrics: createMetrics('test'),
    host,
    port: 0,
    ...(allowedHosts === undefined ? {} : { allowedHosts }),
    api: { controllers: [ThingsController] },
    readinessChecks: [],
  });
}

const portOf = ({ url }: RunningService): number => Number(new URL(url).port);

describe('a door', () => {
  let service: RunningService;
  let port: number;

  beforeAll(async () => {
    const names = ['profiles.example.com', '.internal.example'];
    service = await start('127.0.0.1', { variable: 'TEST_ALLOWED_HOSTS', names });
    port = portOf(service);
  });
  afterAll(() => service.close());

  it.each(doorCases({ method: 'POST', path: '/things' }))(
    'takes or refuses %s',
    async (_, lines, outcome) => {
      expect(await outcomeOfCase(port, lines(port))).toEqual(outcome);
    },
  );

  const ask = (...lines: readonly string[]): Promise<RawAnswer> => askRaw(port, lines);

  it('says which name is wrong and what to set', async () => {
    const { status, text } = await ask('GET /readyz HTTP/1.1', 'Host: rebound.example');
    expect(status).toBe(421);
    expect(text).toContain('is not a name of this service.');
    expect(text).toContain('add the name to TEST_ALLOWED_HOSTS.');
  });

  it('says it to pprof in the way that pprof shows', async () => {
    const { headers, text } = await ask('GET /debug/pprof/heap HTTP/1.1', 'Host: rebound.example');
    expect(headers.get('x-go-pprof')).toBe('1');
    expect(text).toMatch(/"rebound\.example" is not a name of this service\. Use its address/);
  });

  it('does not take profiles of itself for a link in a foreign page', async () => {
    const link = ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'];
    const answer = await ask('GET /debug/pprof/profile?seconds=1 HTTP/1.1', 'Host: 127.0.0.1', ...link);
    expect(answer.status).toBe(403);
  });

  it('names the methods that there are', async () => {
    for (const line of ['TRACE / HTTP/1.1', 'CONNECT a:1 HTTP/1.1']) {
      const { status, headers } = await ask(line, 'Host: 127.0.0.1');
      expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE']);
    }
  });

  it.each([
    ['an answer', ['GET /healthz HTTP/1.1', 'Host: 127.0.0.1']],
    ['an unknown path', ['GET /nowhere HTTP/1.1', 'Host: 127.0.0.1']],
    ['an address that cannot be read', ['GET /%zz HTTP/1.1', 'Host: 127.0.0.1']],
    ['a refusal', ['GET /healthz HTTP/1.1', 'Host: rebound.example']],
    ['CONNECT', ['CONNECT a:1 HTTP/1.1', 'Host: 127.0.0.1']],
    ['what is no request', ['GRAB / HTTP/1.1']],
  ])('keeps browsers from guessing, keeping and embedding %s', async (_, lines) => {
    const { headers } = await ask(...lines);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });

  it('counts what it refuses', async () => {
    const count = async (): Promise<number> =>
      Number(
        /^everflame_http_refused_requests_total\{code="misdirected_host".*\} (\d+)$/m.exec(
          await (await fetch(`${service.url}/metrics`)).text(),
        )?.[1] ?? 0,
      );
    const before = await count();
    await ask('GET /healthz HTTP/1.1', 'Host: rebound.example');
    expect(await count()).toBe(before + 1);
  });
});

describe('the names of a door', () => {
  let service: RunningService;
  afterEach(() => service.close());

  const statusUnder = async (host: string, change: readonly string[] = []): Promise<number> => {
    const line = change.length === 0 ? 'GET /healthz HTTP/1.1' : 'POST /things HTTP/1.1';
    const lines = [line, `Host: ${host}`, 'Content-Length: 0', ...change];
    return (await askRaw(portOf(service), lines)).status;
  };

  it('are those of the machine where it listens on all addresses', async () => {
    service = await start('0.0.0.0');
    expect(await statusUnder(hostname())).toBe(200);
    expect(await statusUnder('rebound.example')).toBe(421);
  });

  it('are not those of the machine where it listens on this machine alone', async () => {
    service = await start('127.0.0.1');
    expect(await statusUnder(hostname())).toBe(421);
  });

  it('are the one that it listens on', async () => {
    service = await start('localhost');
    expect(service.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(await statusUnder('localhost')).toBe(200);
  });

  it('are all with *, which makes no page one of its own', async () => {
    service = await start('127.0.0.1', { variable: 'TEST_ALLOWED_HOSTS', names: ['*'] });
    expect(await statusUnder('rebound.example')).toBe(200);
    expect(await statusUnder('127.0.0.1', ['Origin: http://rebound.example'])).toBe(403);
  });
});
