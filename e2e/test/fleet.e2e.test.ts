import { execFileSync } from 'node:child_process';
import type {
  AlertsResponse,
  FlamegraphResponse,
  ProfileTypesResponse,
  TargetsResponse,
  TopResponse,
} from '@everflame/contract';
import { describeWithTool, waitFor } from '@everflame/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Everflame } from './support/everflame.ts';
import { buildGoTarget, GoTarget } from './support/go-target.ts';
import { WebhookReceiver } from './support/webhook.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const HEAP = 'memory:inuse_space:bytes:space:bytes';
const MIB = 1024 * 1024;
const HELD_MB = 100;

function yamlOf(targets: { sound: string[]; leaking: string; holding: string }, webhookUrl: string): string {
  return `
scrape_configs:
  - job_name: shop
    scrape_interval: 3s
    static_configs:
      - targets: [${targets.sound.map((address) => `'${address}'`).join(', ')}]
        labels: { service_name: shop, version: '1' }
      - targets: ['${targets.leaking}']
        labels: { service_name: shop-canary, version: '2' }
    profiles:
      cpu: { seconds: 1 }
  - job_name: ballast
    scrape_interval: 1s
    static_configs:
      - targets: ['${targets.holding}']
    profiles:
      cpu: { enabled: false }
      allocs: { enabled: false }
      block: { enabled: false }
      mutex: { enabled: false }
      goroutine: { enabled: false }
      threadcreate: { enabled: false }
rules:
  - name: heap growth
    query: ${HEAP}{service_name=~"shop.*"}
    window: 60s
    min_growth: 8MiB
    min_growth_ratio: 0.1
    evaluate_every: 3s
    webhook_url: ${webhookUrl}
`;
}

describeWithTool(['go', 'redis-server'], 'a fleet of Go services', () => {
  let everflame: Everflame;
  let webhook: WebhookReceiver;
  let program: string;
  let leaking: GoTarget;
  const targets: GoTarget[] = [];

  const start = async (args: string[], address?: string): Promise<GoTarget> => {
    const target = await GoTarget.start(program, args, address);
    targets.push(target);
    return target;
  };

  beforeAll(async () => {
    program = buildGoTarget();
    webhook = await WebhookReceiver.start();
    const sound = [await start(['-version', '1']), await start(['-version', '1'])];
    leaking = await start(['-version', '2', '-leak-bytes-per-second', String(MIB)]);
    const holding = await start(['-version', '1', '-hold-mb', String(HELD_MB)]);
    everflame = await Everflame.create(
      yamlOf(
        { sound: sound.map(({ address }) => address), leaking: leaking.address, holding: holding.address },
        webhook.url,
      ),
    );
    await everflame.start();
  });
  afterAll(async () => {
    await everflame.dispose();
    await Promise.all(targets.map((target) => target.stop()));
    webhook.close();
  });

  it('is found by the scraper, and all seven kinds of profile arrive', async () => {
    const wanted = ['process_cpu', 'memory', 'block', 'mutex', 'goroutines', 'threadcreate'];
    const samples = ['inuse_space', 'inuse_objects', 'alloc_space', 'alloc_objects'];
    await waitFor(
      async () => {
        const { profileTypes } = await everflame.json<ProfileTypesResponse>('profile-types', {
          query: '{service_name="shop"}',
          from: 'now-10m',
        });
        const names = new Set(profileTypes.map(({ name }) => name));
        const sampleTypes = new Set(profileTypes.map(({ sampleType }) => sampleType));
        return wanted.every((name) => names.has(name)) && samples.every((sample) => sampleTypes.has(sample));
      },
      { timeoutMs: 60_000, what: 'all profile types of the shop' },
    );
    const health = await waitFor(
      async () => {
        const answer = await everflame.json<TargetsResponse>('targets');
        const shop = answer.targets.filter((target) => target.pool === 'shop');
        return shop.length === 3 && shop.every((target) => target.health === 'up') ? shop : undefined;
      },
      { timeoutMs: 60_000, what: 'all three targets to be up' },
    );
    expect(health.filter((target) => target.labels['version'] === '1')).toHaveLength(2);
    expect(new Set(health[0]?.profiles.map(({ profile }) => profile))).toEqual(
      new Set(['allocs', 'block', 'cpu', 'goroutine', 'heap', 'mutex', 'threadcreate']),
    );
  });

  it('go tool pprof agrees with our top table on what profile.pb.gz holds', async () => {
    await waitFor(
      async () => {
        const top = await everflame.json<TopResponse>('top', {
          query: `${CPU}{service_name="shop"}`,
          from: 'now-10m',
        });
        return top.left.total > 100_000_000;
      },
      { timeoutMs: 60_000, what: '100 ms of CPU samples' },
    );
    const query = `${CPU}{service_name="shop"}`;
    const range = { query, from: String(Date.now() - 600_000), to: String(Date.now() - 1) };
    const top = await everflame.json<TopResponse>('top', { ...range, limit: '100000' });
    const url = `${everflame.url}/api/v1/profile.pb.gz?${new URLSearchParams(range).toString()}`;
    const text = execFileSync(
      'go',
      ['tool', 'pprof', '-top', '-nodecount=100000', '-nodefraction=0', '-unit=ns', url],
      {
        encoding: 'utf8',
        env: { ...process.env, PPROF_TMPDIR: everflame.folder },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const rows = text.split('\n').flatMap((line) => {
      const match = /^\s*(-?\d+)(?:ns)?\s+[\d.]+%\s+[\d.]+%\s+(-?\d+)(?:ns)?\s+[\d.]+%\s+(.*)$/.exec(line);
      return match === null
        ? []
        : [{ name: match[3]?.replace(/ \(inline\)$/, ''), self: Number(match[1]), total: Number(match[2]) }];
    });
    expect(rows.length).toBeGreaterThan(10);
    const ours = new Map(top.functions.map((fn) => [fn.name, { self: fn.self, total: fn.total }]));
    for (const { name, self, total } of rows)
      expect({ name, ...ours.get(name ?? '') }).toEqual({ name, self, total });
    expect(rows.length).toBe(top.functionCount);
  });

  it('the diff of version 1 against version 2 names the hot function first', async () => {
    const diff = await waitFor(
      async () => {
        const answer = await everflame.json<TopResponse>('top', {
          left_query: `${CPU}{version="1",service_name="shop"}`,
          right_query: `${CPU}{version="2",service_name="shop-canary"}`,
          left_from: 'now-10m',
          right_from: 'now-10m',
          normalize: 'instance_seconds',
        });
        return answer.left.instanceSeconds >= 5 && (answer.right?.instanceSeconds ?? 0) >= 5
          ? answer
          : undefined;
      },
      { timeoutMs: 90_000, what: '5 s of CPU recordings of both versions' },
    );
    expect(diff.unit).toBe('cores');
    expect(diff.functions[0]?.name).toBe('main.priceWithDiscounts');
    expect(diff.functions[0]?.self).toBe(0);
  });

  it(`shows about ${HELD_MB} MB over many scrapes of a process that holds ${HELD_MB} MB, not their sum`, async () => {
    const query = `${HEAP}{service_name="ballast"}`;
    const graph = await waitFor(
      async () => {
        const answer = await everflame.json<FlamegraphResponse>('flamegraph', { query, from: 'now-10m' });
        return answer.left.profiles >= 10 ? answer : undefined;
      },
      { timeoutMs: 60_000, what: '10 heap scrapes' },
    );
    expect(graph.kind).toBe('gauge');
    expect(graph.left.total / MIB).toBeGreaterThan(HELD_MB * 0.9);
    expect(graph.left.total / MIB).toBeLessThan(HELD_MB * 1.5);
    const { names, name, total } = graph.tree;
    const held = name.findIndex((id) => names[id] === 'main.holdBallast');
    expect((total[held] ?? 0) / MIB).toBeCloseTo(HELD_MB, -1);
    const summed = await everflame.json<FlamegraphResponse>('flamegraph', {
      query,
      from: 'now-10m',
      aggregate: 'sum',
    });
    expect(summed.left.total).toBeGreaterThan(9 * graph.left.total);
  });

  it('a leak fires at the webhook with service, growth, time, function and diff, and resolves after a restart', async () => {
    const fired = await waitFor(() => Promise.resolve(webhook.find('firing', 'shop-canary')), {
      timeoutMs: 150_000,
      what: 'the alert on the leak to fire',
    });
    const { everflame: alert } = fired;
    expect(alert.ruleName).toBe('heap growth');
    expect(alert.valueNow - alert.valueBefore).toBeGreaterThan(4 * MIB);
    expect(alert.growthPerHour).toBeGreaterThan(0);
    expect(alert.since).toBeGreaterThan(Date.now() - 600_000);
    expect(alert.since).toBeLessThan(Date.now());
    expect(alert.grownFunctions[0]?.name).toBe('main.rememberSession');
    const diffUrl = new URL(alert.diffUrl);
    expect(diffUrl.origin).toBe(everflame.url);
    expect((await fetch(diffUrl)).status).toBe(200);
    const { address } = leaking;
    await leaking.stop();
    leaking = await start(['-version', '1'], address);
    const resolved = await waitFor(() => Promise.resolve(webhook.find('resolved', 'shop-canary')), {
      timeoutMs: 150_000,
      what: 'the alert to resolve',
    });
    expect(resolved.everflame.id).toBe(alert.id);
    expect(webhook.payloads.filter((payload) => payload.status === 'firing')).toHaveLength(1);
    expect(webhook.find('firing', 'shop')).toBeUndefined();
    const { alerts } = await everflame.json<AlertsResponse>('alerts');
    expect(alerts.filter((entry) => entry.state === 'firing')).toEqual([]);
  });
});
