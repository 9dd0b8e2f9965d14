// Speed of the query service over HTTP: a seeded fleet of 500 series in an embedded ClickHouse, both as processes of
// their own. The data is written once and kept in QUERY_BENCH_DIR. QUERY_BENCH_SAMPLES (100 million) changes its size.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestRedis } from '@everflame/testkit';
import { printLine, printLoad, printRow, quantile } from './load/figures.ts';
import { BenchProcess, freePort } from './load/processes.ts';
import {
  crowdPaths,
  growthPaths,
  largestPath,
  otherView,
  queryCases,
  singleProfileCase,
} from './load/query-cases.ts';
import { ask } from './load/query-client.ts';
import { prepareFleet, startClickHouse } from './load/query-data.ts';

const DIR = process.env['QUERY_BENCH_DIR'] ?? join(tmpdir(), 'everflame-bench-query');
const SAMPLES = Number(process.env['QUERY_BENCH_SAMPLES'] ?? 100e6);
const RUNS = Number(process.env['QUERY_BENCH_RUNS'] ?? 30);
const WARM_UP = 5;

const fleet = await prepareFleet(DIR, SAMPLES);
const clickhouse = await startClickHouse(DIR);
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const env = {
  QUERY_PORT: String(port),
  CLICKHOUSE_URL: clickhouse.url,
  CLICKHOUSE_EMBEDDED: 'true',
  QUERY_CACHE_BYTES: '0',
  LOG_LEVEL: 'warn',
};
const query = await BenchProcess.start('query', 'services/query/dist/main.js', env);
// A second one that keeps answers of closed hours, which all of these are, as the service does where it has Redis.
const redis = await startTestRedis();
const warmPort = await freePort();
const warmUrl = `http://127.0.0.1:${warmPort}`;
const warm = await BenchProcess.start('query', 'services/query/dist/main.js', {
  ...env,
  QUERY_PORT: String(warmPort),
  QUERY_CACHE_BYTES: '268435456',
  REDIS_URL: redis.url,
});

interface Times {
  readonly p50: number;
  readonly p95: number;
  /** CPU per request in ms: the query service, ClickHouse. */
  readonly cpu: readonly [number, number];
}

interface Figures {
  readonly first: number;
  /** Merged from ClickHouse each time. */
  readonly cold: Times;
  /** What was merged of closed hours from Redis, of which each run wants another tree. */
  readonly warm: Times;
  /** The same trees again. */
  readonly again: Times;
  readonly bytes: number;
}

async function timesOf(process: BenchProcess, nextUrl: () => string): Promise<Times> {
  const cpu = (): readonly [number, number] => [process.cpuSeconds, clickhouse.process.cpuSeconds];
  for (let run = 0; run < WARM_UP; run++) await ask(nextUrl());
  const before = cpu();
  const millis: number[] = [];
  for (let run = 0; run < RUNS; run++) millis.push((await ask(nextUrl())).millis);
  const after = cpu();
  return {
    p50: quantile(millis, 0.5),
    p95: quantile(millis, 0.95),
    cpu: [((after[0] - before[0]) / RUNS) * 1e3, ((after[1] - before[1]) / RUNS) * 1e3],
  };
}

async function measure(path: string): Promise<Figures> {
  const { millis, bytes } = await ask(url + path);
  return {
    first: millis,
    cold: await timesOf(query, () => url + path),
    warm: await timesOf(warm, () => warmUrl + otherView(path)),
    again: await timesOf(warm, () => warmUrl + path),
    bytes,
  };
}

const ms = (value: number): string => value.toFixed(1);
const figures: Record<string, Figures> = {};
printLoad('at the start');
printLine(`${fleet.samples} raw samples in ${fleet.profiles} profiles\n`);
printLine(
  'cold: merged from ClickHouse each time; warm: what was merged of closed hours from Redis, and each time',
);
printLine('another tree of it; again: the same tree from Redis; CPU: query + ClickHouse\n');
const columns = ['warm', 'again', 'cold'].flatMap((state) => [`${state} p50`, 'p95', 'CPU']);
printRow('ms', 'target', ...columns, 'first', 'kB sent');
const cases = [...queryCases(fleet), await singleProfileCase(url, fleet)];
for (const { name, path, targetMs } of cases) {
  try {
    const measured = await measure(path);
    figures[name] = measured;
    const cells = [measured.warm, measured.again, measured.cold].flatMap(({ p50, p95, cpu }) => [
      ms(p50),
      ms(p95),
      cpu.map((each) => each.toFixed(0)).join(' + '),
    ]);
    const target = targetMs === undefined ? '' : String(targetMs);
    printRow(name, target, ...cells, ms(measured.first), ms(measured.bytes / 1e3));
  } catch (error) {
    printRow(name, error instanceof Error ? error.message.slice(0, 200) : String(error));
  }
}
const ratio = (which: 'cold' | 'warm' | 'again'): string =>
  ((figures['diff 1 h / 1 h']?.[which].p50 ?? 0) / (figures['one service 1 h']?.[which].p50 ?? 1)).toFixed(2);
printLine(
  `\na diff takes ${ratio('warm')} (warm), ${ratio('again')} (again), ${ratio('cold')} (cold) times a single (target: 1.3)`,
);

/** What ten people at once wait for, against what one waits for alone. */
async function measureCrowd(urlOf: (path: string) => string): Promise<{ singleP50: number; p95: number }> {
  const crowd = crowdPaths(fleet);
  for (const each of crowd) await ask(urlOf(each));
  const single: number[] = [];
  const together: number[] = [];
  for (let run = 0; run < RUNS; run++)
    single.push((await ask(urlOf(crowd[run % crowd.length] ?? ''))).millis);
  for (let round = 0; round < RUNS; round++) {
    const answers = await Promise.all(crowd.map((each) => ask(urlOf(each))));
    together.push(...answers.map(({ millis }) => millis));
  }
  return { singleP50: quantile(single, 0.5), p95: quantile(together, 0.95) };
}

const crowds: Record<string, { singleP50: number; p95: number }> = {};
for (const [name, urlOf] of [
  ['warm', (path: string) => warmUrl + otherView(path)],
  ['again', (path: string) => warmUrl + path],
  ['cold', (path: string) => url + path],
] as const) {
  const measured = await measureCrowd(urlOf);
  crowds[name] = measured;
  const times = (measured.p95 / measured.singleP50).toFixed(1);
  printLine(
    `\nten people at once, ${name}: p95 ${ms(measured.p95)} ms, ${times} times the p50 of one, ${ms(measured.singleP50)} ms (target: 5 times)`,
  );
}

/** The longest that others wait while the whole tree of the fleet is made, and how long that takes. */
async function measureLargest(): Promise<{ largestMs: number; othersMs: number }> {
  const made = new AbortController();
  const largest = ask(url + largestPath(fleet)).finally(() => made.abort());
  let othersMs = 0;
  const askOthers = async (): Promise<void> => {
    while (!made.signal.aborted) othersMs = Math.max(othersMs, (await ask(`${url}/healthz`)).millis);
  };
  const [{ millis }] = await Promise.all([largest, askOthers()]);
  return { largestMs: millis, othersMs };
}

const isolation = await measureLargest();
printLine(
  `\nthe fleet with all of its nodes: ${ms(isolation.largestMs)} ms, in which others wait ${ms(isolation.othersMs)} ms at most`,
);

printLine('\ncost by range, one service, cold');
printRow('hours', 'p50 ms', 'engine CPU ms');
const growth: Record<string, number> = {};
for (const { hours, path } of growthPaths(fleet)) {
  const measured = await measure(path);
  growth[hours] = measured.cold.p50;
  printRow(String(hours), ms(measured.cold.p50), ms(measured.cold.cpu[1]));
}
printLine(
  `resident memory: query ${(query.rssBytes / 2 ** 20).toFixed(0)} MiB, ClickHouse ${(clickhouse.process.rssBytes / 2 ** 20).toFixed(0)} MiB`,
);
printLoad('at the end');
printLine(JSON.stringify({ bench: 'query', ...fleet, figures, crowds, isolation, growth }));
await query.stop();
await warm.stop();
await redis.stop();
await clickhouse.process.stop();
if (query.output !== '') printLine(`the query service wrote:\n${query.output}`);
