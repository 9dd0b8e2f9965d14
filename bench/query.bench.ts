// Speed of the query service over HTTP: a seeded fleet of 500 series in an embedded ClickHouse, both as processes of
// their own. The data is written once and kept in QUERY_BENCH_DIR. QUERY_BENCH_SAMPLES (100 million) changes its size.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestRedis } from '@everflame/testkit';
import { printLine, printLoad, printRow, quantile } from './load/figures.ts';
import { BenchProcess, freePort } from './load/processes.ts';
import { crowdPaths, growthPaths, queryCases, singleProfileCase } from './load/query-cases.ts';
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
// A second one that keeps answers of closed hours, which all of these are.
const redis = await startTestRedis();
const keepingPort = await freePort();
const keepingUrl = `http://127.0.0.1:${keepingPort}`;
const keeping = await BenchProcess.start('query', 'services/query/dist/main.js', {
  ...env,
  QUERY_PORT: String(keepingPort),
  QUERY_CACHE_BYTES: '268435456',
  REDIS_URL: redis.url,
});
const cpu = (): readonly [number, number] => [query.cpuSeconds, clickhouse.process.cpuSeconds];

interface Figures {
  readonly first: number;
  readonly p50: number;
  readonly p95: number;
  /** CPU per request in ms: the query service, ClickHouse. */
  readonly cpu: readonly [number, number];
  readonly bytes: number;
  /** Median with the answers of closed hours kept in Redis. */
  readonly kept: number;
}

async function timesOf(url: string): Promise<number[]> {
  for (let run = 0; run < WARM_UP; run++) await ask(url);
  const millis: number[] = [];
  for (let run = 0; run < RUNS; run++) millis.push((await ask(url)).millis);
  return millis;
}

async function measure(path: string): Promise<Figures> {
  const first = await ask(url + path);
  const before = cpu();
  const millis = await timesOf(url + path);
  const after = cpu();
  const requests = RUNS + WARM_UP;
  return {
    first: first.millis,
    p50: quantile(millis, 0.5),
    p95: quantile(millis, 0.95),
    cpu: [((after[0] - before[0]) / requests) * 1e3, ((after[1] - before[1]) / requests) * 1e3],
    bytes: first.bytes,
    kept: quantile(await timesOf(keepingUrl + path), 0.5),
  };
}

const ms = (value: number): string => value.toFixed(1);
const figures: Record<string, Figures> = {};
printLoad('at the start');
printLine(`${fleet.samples} raw samples in ${fleet.profiles} profiles\n`);
printRow('ms', 'target', 'p50', 'p95', 'first', 'kept p50', 'query CPU', 'engine CPU', 'kB sent');
const cases = [...queryCases(fleet), await singleProfileCase(url, fleet)];
for (const { name, path, targetMs } of cases) {
  try {
    const measured = await measure(path);
    figures[name] = measured;
    const { p50, p95, first, kept, bytes } = measured;
    const cells = [p50, p95, first, kept, ...measured.cpu, bytes / 1e3].map(ms);
    printRow(name, targetMs === undefined ? '' : String(targetMs), ...cells);
  } catch (error) {
    printRow(name, error instanceof Error ? error.message.slice(0, 200) : String(error));
  }
}

/** What ten people at once wait for, against what one waits for alone. */
async function measureCrowd(baseUrl: string): Promise<{ singleP50: number; p95: number }> {
  const crowd = crowdPaths(fleet).map((path) => baseUrl + path);
  for (const each of crowd) await ask(each);
  const single: number[] = [];
  const together: number[] = [];
  for (let run = 0; run < RUNS; run++) single.push((await ask(crowd[run % crowd.length] ?? '')).millis);
  for (let round = 0; round < RUNS; round++) {
    const answers = await Promise.all(crowd.map((each) => ask(each)));
    together.push(...answers.map(({ millis }) => millis));
  }
  return { singleP50: quantile(single, 0.5), p95: quantile(together, 0.95) };
}

const crowds: Record<string, { singleP50: number; p95: number }> = {};
for (const [name, baseUrl] of [
  ['from ClickHouse', url],
  ['kept', keepingUrl],
] as const) {
  const measured = await measureCrowd(baseUrl);
  crowds[name] = measured;
  const times = (measured.p95 / measured.singleP50).toFixed(1);
  printLine(
    `\nten people at once, ${name}: p95 ${ms(measured.p95)} ms, ${times} times the p50 of one, ${ms(measured.singleP50)} ms (target: 5 times)`,
  );
}

printLine('\ncost by range, one service');
printRow('hours', 'p50 ms', 'engine CPU ms');
const growth: Record<string, number> = {};
for (const { hours, path } of growthPaths(fleet)) {
  const measured = await measure(path);
  growth[hours] = measured.p50;
  printRow(String(hours), ms(measured.p50), ms(measured.cpu[1]));
}
printLine(
  `resident memory: query ${(query.rssBytes / 2 ** 20).toFixed(0)} MiB, ClickHouse ${(clickhouse.process.rssBytes / 2 ** 20).toFixed(0)} MiB`,
);
printLoad('at the end');
printLine(JSON.stringify({ bench: 'query', ...fleet, figures, crowds, growth }));
await query.stop();
await keeping.stop();
await redis.stop();
await clickhouse.process.stop();
if (query.output !== '') printLine(`the query service wrote:\n${query.output}`);
