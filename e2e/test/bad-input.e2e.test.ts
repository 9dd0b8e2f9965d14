import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FlamegraphResponse, TargetsResponse } from '@everflame/contract';
import { describeWithTool, freePort, readTestdata, waitFor } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Everflame } from './support/everflame.ts';
import { labelsOf, pushAll } from './support/push.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

describeWithTool(['redis-server'], 'bad input', () => {
  let everflame: Everflame;
  let html: Server;
  let closedPort: number;

  beforeAll(async () => {
    html = createServer((request, response) => {
      if (request.url?.startsWith('/debug/pprof/heap') === true) {
        response.writeHead(404).end('no such page');
        return;
      }
      response.setHeader('content-type', 'text/html').end('<!doctype html><html><body>Sign in</body></html>');
    });
    await new Promise<void>((resolve) => html.listen(0, '127.0.0.1', resolve));
    closedPort = await freePort();
    everflame = await Everflame.create(`
scrape_configs:
  - job_name: web-page
    scrape_interval: 2s
    static_configs: [{ targets: ['127.0.0.1:${(html.address() as AddressInfo).port}'] }]
    profiles: { cpu: { seconds: 1 } }
  - job_name: gone
    scrape_interval: 2s
    static_configs: [{ targets: ['127.0.0.1:${closedPort}'] }]
`);
    await everflame.start();
  });
  afterAll(async () => {
    await everflame.dispose();
    html.close();
  });

  const errorOf = async (path: string, params: Record<string, string>): Promise<[number, string]> => {
    const response = await everflame.get(path, params);
    const body = (await response.json()) as { error: { code: string; message: string; requestId: string } };
    expect(body.error.message.length).toBeGreaterThan(5);
    expect(body.error.requestId).toMatch(/^[0-9a-f-]{36}$/);
    return [response.status, body.error.code];
  };

  describe('a query', () => {
    it.each([
      ['an invalid selector', 'flamegraph', { query: `${CPU}{service_name=` }, 400, 'invalid_selector'],
      ['no profile type', 'flamegraph', { query: '{}' }, 400, 'invalid_selector'],
      ['an inverted range', 'flamegraph', { query: CPU, from: 'now', to: 'now-1h' }, 400, 'inverted_range'],
      ['a time that is none', 'timeline', { query: CPU, from: 'yesterday' }, 400, 'invalid_time'],
      ['ten years', 'timeline', { query: CPU, from: 'now-520w' }, 400, 'range_too_long'],
      ['max_nodes=0', 'flamegraph', { query: CPU, max_nodes: '0' }, 400, 'invalid_argument'],
      [
        'a regular expression that is none',
        'series',
        { query: '{service_name=~"("}' },
        400,
        'invalid_selector',
      ],
      ['an unknown format', 'flamegraph', { query: CPU, format: 'svg' }, 400, 'invalid_argument'],
      ['a label name that is none', 'labels/a%20b/values', {}, 400, 'invalid_label'],
      ['a path that does not exist', 'nowhere', {}, 404, 'not_found'],
    ] as const)('with %s is refused with its code', async (_, path, params, status, code) => {
      expect(await errorOf(path, { ...params })).toEqual([status, code]);
    });

    it('with an unknown label answers an empty result', async () => {
      const answer = await everflame.json<FlamegraphResponse>('flamegraph', {
        query: `${CPU}{planet="mars"}`,
      });
      expect(answer.left).toMatchObject({ profiles: 0, series: 0, total: 0 });
      expect(answer.tree.level).toEqual([0]);
    });

    it('for a pprof of nothing tells go tool pprof why', async () => {
      const response = await everflame.get('profile.pb.gz', { query: `${CPU}{planet="mars"}` });
      expect(response.status).toBe(404);
      expect(response.headers.get('x-go-pprof')).toBe('1');
      expect(await response.text()).toContain('planet="mars"');
    });
  });

  it('a stream with bad profiles stores the good ones and refuses each bad one with its reason', async () => {
    const good = readTestdata('corpus/own/go/webapp.cpu10s.pb.gz');
    const labels = labelsOf({ service_name: 'mixed' });
    const answers = await pushAll(everflame.ingestAddress, [
      { id: 'good-1', labels, pprof: good, timeUnixMs: Date.now() - 2000 },
      { id: 'truncated', labels, pprof: good.subarray(0, good.length >> 1) },
      {
        id: 'random',
        labels,
        pprof: Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 193 + 7) % 251)),
      },
      {
        id: 'text',
        labels,
        pprof: Buffer.from('heap profile: 1: 2 [3: 4] @ heap/1048576\n'),
      },
      { id: 'empty', labels, pprof: Buffer.alloc(0) },
      { id: 'no-service', labels: labelsOf({ version: '1' }), pprof: good },
      { id: 'from-the-future', labels, pprof: good, timeUnixMs: Date.now() + 3_600_000 },
      { id: 'good-2', labels, pprof: good, timeUnixMs: Date.now() - 1000 },
    ]);
    const outcome = Object.fromEntries(
      [...answers].map(([id, answer]) => [id, answer.error?.code ?? 'stored']),
    );
    expect(outcome).toEqual({
      'good-1': 'stored',
      truncated: 'malformed_profile',
      random: 'malformed_profile',
      text: 'malformed_profile',
      empty: 'malformed_profile',
      'no-service': 'invalid_label',
      'from-the-future': 'timestamp_in_future',
      'good-2': 'stored',
    });
    await everflame.settled();
    const stored = await everflame.json<FlamegraphResponse>('flamegraph', {
      query: `${CPU}{service_name="mixed"}`,
    });
    expect(stored.left.profiles).toBe(2);
    const metrics = await (
      await fetch(`http://127.0.0.1:${everflame.ports.INGEST_HTTP_PORT}/metrics`)
    ).text();
    expect(metrics).toMatch(
      /everflame_ingest_profiles_total\{transport="grpc",outcome="malformed_profile",[^}]*\} 4/,
    );
  });

  it('targets that are gone or answer pages are shown with their reason and do not disturb others', async () => {
    const targets = await waitFor(
      async () => {
        const answer = await everflame.json<TargetsResponse>('targets');
        const failed = answer.targets
          .filter((target) => target.health === 'down')
          .map((target) => target.pool);
        const isSelfUp = answer.targets.some(
          (target) => target.pool === 'everflame' && target.health === 'up',
        );
        return failed.includes('web-page') && failed.includes('gone') && isSelfUp
          ? answer.targets
          : undefined;
      },
      { timeoutMs: 60_000, what: 'both bad targets to be down and a good one up' },
    );
    const errorFor = (pool: string, profile: string): string | undefined =>
      targets.find((target) => target.pool === pool)?.profiles.find((entry) => entry.profile === profile)
        ?.lastError?.code;
    expect(errorFor('gone', 'heap')).toBe('connection_refused');
    expect(errorFor('web-page', 'goroutine')).toBe('not_a_profile');
    expect(errorFor('web-page', 'heap')).toMatch(/404|status/);
  });
});

describeWithTool(['redis-server'], 'a wrong everflame.yaml', () => {
  it('is refused at start with line and column', async () => {
    const everflame = await Everflame.create(
      'scrape_configs:\n  - job_name: shop\n    scrape_interval: often\n',
    );
    try {
      await expect(everflame.start()).rejects.toThrow(/everflame\.yaml:3:22/);
    } finally {
      await everflame.dispose();
    }
  });
});
