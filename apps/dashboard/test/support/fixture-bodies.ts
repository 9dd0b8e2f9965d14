import type { Alert, Rule, ServicesResponse, TargetsResponse, TimelineResponse } from '@everflame/contract';
import { parseProfileType, profileKindOf } from '@everflame/profile';

const HOUR = 3_600_000;
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const HEAP = 'memory:inuse_space:bytes:space:bytes';
const MIB = 1024 * 1024;

export const PROFILE_TYPES = [
  'memory:alloc_space:bytes:space:bytes',
  HEAP,
  CPU,
  'goroutines:goroutine:count:goroutine:count',
].map((id) => ({
  ...parseProfileType(id),
  kind: profileKindOf(id.split(':')[0] ?? '', id.split(':')[1] ?? '', true),
}));

interface Sketch {
  readonly name: string;
  readonly cores: readonly [number, number | null] | null;
  readonly heapMib: readonly [number, number | null] | null;
  readonly versions: readonly string[];
  readonly instances: number;
}

const SKETCHES: readonly Sketch[] = [
  {
    name: 'checkout',
    cores: [2.41, 2.04],
    heapMib: [412, 398],
    versions: ['2.40.0', '2.41.0'],
    instances: 3,
  },
  { name: 'catalog', cores: [5.82, 5.79], heapMib: [1210, 1190], versions: ['11.2'], instances: 8 },
  {
    name: 'recommendations',
    cores: [1.12, 1.48],
    heapMib: [2890, 2260],
    versions: ['0.9.1', '0.9.2', '0.9.3', '0.9.4'],
    instances: 2,
  },
  { name: 'image-resizer', cores: [0.37, null], heapMib: null, versions: ['1.0.3'], instances: 1 },
  { name: 'everflame-query', cores: [0.06, 0.06], heapMib: [96, 95], versions: ['0.1.0'], instances: 1 },
];

export function servicesAnswer(hasServices: boolean): ServicesResponse {
  const now = Date.now();
  const type = (
    id: string,
    kind: 'interval' | 'gauge',
    scale: number,
    level: readonly [number, number | null],
  ) => ({
    id,
    kind,
    total: level[0] * scale,
    previousTotal: level[1] === null ? null : level[1] * scale,
    rate: kind === 'gauge' ? level[0] * scale : level[0] * 1e9,
    previousRate: level[1] === null ? null : kind === 'gauge' ? level[1] * scale : level[1] * 1e9,
    profiles: 240,
    series: 3,
  });
  return {
    from: now - HOUR,
    to: now,
    services: (hasServices ? SKETCHES : []).map((sketch, index) => ({
      name: sketch.name,
      types: [
        ...(sketch.cores ? [type(CPU, 'interval', HOUR * 1e6, sketch.cores)] : []),
        ...(sketch.heapMib ? [type(HEAP, 'gauge', MIB, sketch.heapMib)] : []),
      ],
      versions: sketch.versions.map((version, at) => ({
        version,
        firstSeen: now - HOUR + at * 1_200_000,
        lastSeen: now - (sketch.versions.length - 1 - at) * 1_000_000,
      })),
      instances: sketch.instances,
      lastSeen: now - index * 9000 - 4000,
    })),
  };
}

export function timelineAnswer(query: string, groupBy: string): TimelineResponse {
  const type = query.split('{')[0] ?? CPU;
  const isCpu = type.startsWith('process_cpu');
  const names =
    groupBy === ''
      ? ['']
      : groupBy === 'service_name'
        ? SKETCHES.map(({ name }) => name)
        : ['2.40.0', '2.41.0'];
  const stepMs = 30_000;
  const to = Math.floor(Date.now() / stepMs) * stepMs;
  return {
    type,
    kind: isCpu ? 'interval' : 'gauge',
    mode: 'rate',
    unit: isCpu ? 'cores' : (type.split(':')[2] ?? 'count'),
    from: to - HOUR,
    to,
    stepMs,
    groupCount: names.length,
    groups: names.map((name, group) => ({
      labels: groupBy === '' ? {} : { [groupBy]: name },
      total: 1000 - group,
      values: Array.from({ length: 120 }, (_, index) => {
        const wave = 1 + 0.14 * Math.sin(index / 7 + group) + 0.05 * Math.sin(index * 1.7 + group * 2);
        const step = index > 70 ? 1.18 : 1;
        if (index > 50 && index < 54) return null;
        return wave * step * (isCpu ? 2.1 : 400 * MIB);
      }),
    })),
  };
}

const now = Date.now();

export const ALERTS: readonly Alert[] = [
  {
    id: 'a1',
    kind: 'growth',
    ruleId: 'r1',
    ruleName: 'Heap grows',
    state: 'firing',
    labels: { service_name: 'recommendations', instance: '10.0.4.17:6060' },
    summary: 'recommendations: memory:inuse_space grew by 1.7 GiB in 2.0 h',
    type: HEAP,
    unit: 'bytes',
    since: now - 2 * HOUR,
    firedAt: now - 1.4 * HOUR,
    resolvedAt: null,
    valueBefore: 1120 * MIB,
    valueNow: 2890 * MIB,
    growthPerHour: 885 * MIB,
    grownFunctions: [
      {
        name: 'github.com/acme/reco/index.(*Builder).Add',
        file: 'index/builder.go',
        before: 210 * MIB,
        after: 1620 * MIB,
      },
      { name: 'bytes.growSlice', file: 'bytes/buffer.go', before: 96 * MIB, after: 402 * MIB },
    ],
    diffUrl:
      'http://127.0.0.1:4040/compare?left_query=memory%3Ainuse_space%3Abytes%3Aspace%3Abytes%7Bservice_name%3D%22recommendations%22%7D' +
      `&left_from=${now - 2 * HOUR}&left_to=${now - 1.4 * HOUR}` +
      '&right_query=memory%3Ainuse_space%3Abytes%3Aspace%3Abytes%7Bservice_name%3D%22recommendations%22%7D' +
      `&right_from=${now - 0.6 * HOUR}&right_to=${now}`,
    lastNotificationError: 'connect ECONNREFUSED 10.0.0.9:9093',
  },
  {
    id: 'a2',
    kind: 'growth',
    ruleId: 'r2',
    ruleName: 'Goroutines pile up',
    state: 'resolved',
    labels: { service_name: 'checkout' },
    summary: 'checkout: goroutines:goroutine has stopped growing',
    type: 'goroutines:goroutine:count:goroutine:count',
    unit: 'count',
    since: now - 9 * HOUR,
    firedAt: now - 8.8 * HOUR,
    resolvedAt: now - 8 * HOUR,
    valueBefore: 410,
    valueNow: 432,
    growthPerHour: 12,
    grownFunctions: [],
    diffUrl: 'http://127.0.0.1:4040/compare',
    lastNotificationError: null,
  },
];

const RULE: Omit<Rule, 'id' | 'name' | 'source'> = {
  kind: 'growth',
  labels: {},
  query: `${HEAP}{env="prod"}`,
  groupBy: ['service_name', 'instance'],
  windowMs: 600_000,
  minGrowth: 64 * MIB,
  minGrowthRatio: 0.2,
  forMs: 60_000,
  evaluateEveryMs: 15_000,
  enabled: true,
  updatedAt: now - 86_400_000,
  lastEvaluatedAt: now - 6000,
  lastError: null,
};

export const RULES: Rule[] = [
  { ...RULE, id: 'r1', name: 'Heap grows', source: 'file' },
  {
    ...RULE,
    id: 'r2',
    name: 'Goroutines pile up',
    source: 'api',
    query: 'goroutines:goroutine:count:goroutine:count{}',
    groupBy: ['service_name'],
    minGrowth: 500,
    lastError: { code: 'no_profiles', message: 'No profiles match in the window.' },
  },
];

const healthy = {
  health: 'up' as const,
  lastScrapeAt: now - 6000,
  lastDurationMs: 118,
  lastBytes: 48_211,
  lastError: null,
  scrapes: 1204,
  failures: 2,
};

export const TARGETS: TargetsResponse['targets'] = [
  {
    id: 't1',
    pool: 'shop',
    url: 'http://10.0.4.11:6060',
    labels: { service_name: 'checkout', version: '2.41.0', instance: '10.0.4.11:6060' },
    scrapeIntervalMs: 15_000,
    health: 'up',
    profiles: [
      { ...healthy, profile: 'cpu', lastDurationMs: 10_130 },
      { ...healthy, profile: 'heap' },
      {
        ...healthy,
        profile: 'goroutine',
        health: 'unknown',
        lastScrapeAt: null,
        lastDurationMs: null,
        lastBytes: null,
        scrapes: 0,
        failures: 0,
      },
    ],
  },
  {
    id: 't2',
    pool: 'shop',
    url: 'http://10.0.4.19:6060',
    labels: { service_name: 'recommendations', version: '0.9.4', instance: '10.0.4.19:6060' },
    scrapeIntervalMs: 15_000,
    health: 'down',
    profiles: [
      {
        ...healthy,
        profile: 'cpu',
        health: 'down',
        failures: 31,
        lastError: { code: 'connection_refused', message: 'connect ECONNREFUSED 10.0.4.19:6060' },
      },
      { ...healthy, profile: 'heap' },
    ],
  },
];
