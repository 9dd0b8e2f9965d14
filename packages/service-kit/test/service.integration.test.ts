import { DomainError, ProfileDecoder } from '@everflame/profile';
import { Controller, Get } from '@nestjs/common';
import { connect, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMetrics, type RunningService, startService, VERSION } from '../src/index.ts';
import { createLogger } from '../src/logging.ts';

@Controller('boom')
class BoomController {
  @Get('domain')
  domain(): never {
    throw new DomainError('not_found', 'unknown_thing', 'There is no such thing.', {
      hint: 'Ask for another.',
    });
  }

  @Get('bug')
  bug(): never {
    throw new TypeError('secret internals');
  }
}

describe('a service', () => {
  let service: RunningService;
  let isDown = false;
  let remark: string | undefined;
  const closed: string[] = [];

  beforeAll(async () => {
    service = await startService({
      logger: createLogger('test', 'silent'),
      metrics: createMetrics('test'),
      host: '127.0.0.1',
      port: 0,
      api: { controllers: [BoomController] },
      readinessChecks: [
        {
          name: 'storage',
          check: () => (isDown ? Promise.reject(new Error('no route')) : Promise.resolve()),
        },
        { name: 'cache', check: () => Promise.resolve(remark) },
      ],
      onClose: () => Promise.resolve(closed.push('closed')).then(() => undefined),
    });
  });
  afterAll(() => service.close());

  it('answers /healthz and /metrics', async () => {
    expect(await (await fetch(`${service.url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${service.url}/metrics`)).text()).toContain(
      'process_cpu_seconds_total{service="test"}',
    );
  });

  it('says its version and its commit, at /version and as a metric', async () => {
    expect(await (await fetch(`${service.url}/version`)).json()).toEqual(VERSION);
    const { version, commit } = VERSION;
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(await (await fetch(`${service.url}/metrics`)).text()).toContain(
      `everflame_build_info{version="${version}",commit="${commit}",service="test"} 1`,
    );
  });

  it('is not ready while a check fails, and says which and why', async () => {
    isDown = true;
    const notReady = await fetch(`${service.url}/readyz`);
    expect(notReady.status).toBe(503);
    expect(await notReady.json()).toEqual({
      status: 'not ready',
      checks: { storage: 'no route', cache: 'ok' },
    });
    isDown = false;
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  });

  it('has no more than 512 connections of one address, and answers others meanwhile', async () => {
    const port = Number(new URL(service.url).port);
    const open = (): Promise<Socket> =>
      new Promise((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
        socket.on('error', reject);
        socket.once('connect', () => resolve(socket));
      });
    const sockets: Socket[] = [];
    for (let i = 0; i < 20; i++) {
      sockets.push(...(await Promise.all(Array.from({ length: 50 }, open))));
    }
    const closed =
      'everflame_closed_connections_total{reason="limit_connections_per_address",service="test"} 488';
    const metrics = async (): Promise<string> => (await fetch(`${service.url}/metrics`)).text();
    await expect.poll(metrics, { timeout: 30_000 }).toContain(closed);
    for (const socket of sockets) socket.destroy();
  });

  it('is ready with a remark, and shows it', async () => {
    remark = 'is slow';
    const ready = await fetch(`${service.url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({ status: 'ready', checks: { storage: 'ok', cache: 'is slow' } });
  });

  it('shapes a domain error with its code, hint and request id', async () => {
    const response = await fetch(`${service.url}/boom/domain`);
    expect(response.status).toBe(404);
    const body = (await response.json()) as { error: Record<string, string> };
    expect(body.error).toMatchObject({ code: 'unknown_thing', hint: 'Ask for another.' });
    expect(body.error['requestId']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('tells nothing from inside about a bug', async () => {
    const response = await fetch(`${service.url}/boom/bug`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
  });

  it('answers an unknown path with a coded 404', async () => {
    const response = await fetch(`${service.url}/nowhere`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'not_found' } });
  });

  it('profiles its own CPU with the sample types of a Go CPU profile', async () => {
    const response = await fetch(`${service.url}/debug/pprof/profile?seconds=1`);
    expect(response.status).toBe(200);
    const columns = new ProfileDecoder().decode(gunzipSync(Buffer.from(await response.arrayBuffer())));
    expect(columns.sampleTypes).toEqual([
      { type: 'samples', unit: 'count' },
      { type: 'cpu', unit: 'nanoseconds' },
    ]);
  });

  it('refuses a CPU profile of no length', async () => {
    const response = await fetch(`${service.url}/debug/pprof/profile?seconds=0`);
    expect(response.status).toBe(400);
    expect(response.headers.get('x-go-pprof')).toBe('1');
  });

  it('closes once, however often it is asked', async () => {
    await Promise.all([service.close(), service.close()]);
    expect(closed).toEqual(['closed']);
  });
});
