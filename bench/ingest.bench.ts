// Sustained ingest: a load generator streams profiles over gRPC to an ingest process, which stores them in an embedded
// ClickHouse process; all of it real. INGEST_BENCH_SECONDS (60) and INGEST_BENCH_RATE (1200 profiles/s) change the run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLICKHOUSE_PASSWORD } from './load/credentials.ts';
import { printLine, printLoad, printRow } from './load/figures.ts';
import type { LoadReport } from './load/generator.ts';
import { BenchProcess, freePort, sleep } from './load/processes.ts';

const SECONDS = Number(process.env['INGEST_BENCH_SECONDS'] ?? 60);
const RATE = Number(process.env['INGEST_BENCH_RATE'] ?? 1200);
const SAMPLE_EVERY_MS = 5000;
const FRESH_MS = 2000;
/** Every profile that is sent has two sample types, and each makes a row. */
const ROWS_PER_PROFILE = 2;

const folder = mkdtempSync(join(tmpdir(), 'everflame-bench-ingest-'));
const clickhousePort = await freePort();
const grpcPort = await freePort();
const clickhouseUrl = `http://127.0.0.1:${clickhousePort}`;
const clickhouse = await BenchProcess.start(
  'clickhouse',
  'packages/embedded-clickhouse/dist/main.js',
  {
    CLICKHOUSE_EMBEDDED_DATA_DIR: join(folder, 'clickhouse'),
    CLICKHOUSE_EMBEDDED_PORT: String(clickhousePort),
    UV_THREADPOOL_SIZE: '8',
  },
  { pingUrl: `${clickhouseUrl}/ping` },
);
const ingest = await BenchProcess.start('ingest', 'services/ingest/dist/main.js', {
  INGEST_HTTP_PORT: String(await freePort()),
  INGEST_GRPC_PORT: String(grpcPort),
  INGEST_SPOOL_DIR: join(folder, 'spool'),
  CLICKHOUSE_URL: clickhouseUrl,
  CLICKHOUSE_EMBEDDED: 'true',
  LOG_LEVEL: 'warn',
});
const generator = await BenchProcess.start(
  'generator',
  'bench/dist/load/generator.js',
  {},
  { args: [`127.0.0.1:${grpcPort}`, String(RATE)] },
);
const processes = [ingest, clickhouse, generator];

async function storedProfiles(): Promise<number> {
  const response = await fetch(clickhouseUrl, {
    method: 'POST',
    headers: { 'X-ClickHouse-Key': CLICKHOUSE_PASSWORD },
    body: 'SELECT count() FROM everflame.profiles',
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return Number(text) / ROWS_PER_PROFILE;
}

async function loadReport(): Promise<LoadReport> {
  const answer = generator.message<LoadReport>();
  generator.child.send('report');
  return answer;
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const cpuBefore = processes.map(({ cpuSeconds }) => cpuSeconds);
const mainBefore = ingest.mainThreadCpuSeconds;
const rss: number[] = [];
let stale = 0;

/** Takes the number of acknowledged profiles, and compares it with what can be read 2 s later. */
async function sample(second: number): Promise<void> {
  const { accepted, sent } = await loadReport();
  await sleep(FRESH_MS);
  const missing = Math.max(0, accepted - (await storedProfiles()));
  stale = Math.max(stale, missing);
  rss.push(ingest.rssBytes);
  const memory = processes.map(({ rssBytes }) => mib(rssBytes));
  printRow(`${second.toFixed(0)} s`, String(sent), String(accepted), String(missing), ...memory);
}

printLoad('at the start');
printLine(`${RATE} profiles/s with 500 samples each for ${SECONDS} s\n`);
printRow('', 'sent', 'accepted', 'not readable', 'ingest', 'clickhouse', 'generator');
const start = performance.now();
generator.child.send('start');
while (performance.now() - start < SECONDS * 1e3) {
  await Promise.all([sample((performance.now() - start) / 1e3), sleep(SAMPLE_EVERY_MS)]);
}
const cpu = processes.map(({ cpuSeconds }, i) => cpuSeconds - (cpuBefore[i] ?? 0));
const mainCpu = ingest.mainThreadCpuSeconds - mainBefore;
const seconds = (performance.now() - start) / 1e3;
const lastReport = generator.message<LoadReport>();
generator.child.send('stop');
const report = await lastReport;
await sleep(FRESH_MS);
const stored = await storedProfiles();

const perThousand = cpu.map((each) => (each / report.sent) * 1e3);
const half = rss.slice(rss.length >> 1);
const growth = (half.at(-1) ?? 0) - (half[0] ?? 0);
const refusals = Object.entries(report.refused).map(([code, count]) => `${count} ${code}`);
printLine(
  `\nsent ${(report.sent / seconds).toFixed(0)} profiles/s, ${(report.bytes / seconds / 2 ** 20).toFixed(1)} MiB/s`,
);
printLine(`accepted ${report.accepted} of ${report.sent}; refused: ${refusals.join(', ') || 'none'}`);
printLine(
  `acknowledged after ${report.p50Ms.toFixed(0)} ms (p50), ${report.p99Ms.toFixed(0)} ms (p99), ${report.maxMs.toFixed(0)} ms (most)`,
);
printLine(
  `readable 2 s after the end: ${stored} of ${report.accepted}; most that was missing 2 s after its acknowledgement: ${stale}`,
);
processes.forEach(({ name }, i) => {
  printLine(
    `${name.padEnd(12)}${perThousand[i]?.toFixed(2)} CPU s per 1,000 profiles, ${(((cpu[i] ?? 0) / seconds) * 100).toFixed(0)} % of a core`,
  );
});
printLine(
  `of ingest's, ${((mainCpu / report.sent) * 1e3).toFixed(2)} on the thread that receives, spools and inserts`,
);
printLine(
  `RSS of ingest at most ${mib(Math.max(...rss))}; over the second half ${growth < 0 ? '' : '+'}${mib(growth)}`,
);
printLoad('at the end');
const figures = {
  rate: report.sent / seconds,
  ...report,
  stored,
  stale,
  cpuSecondsPerThousand: perThousand,
  rssMost: Math.max(...rss),
  rssGrowth: growth,
};
printLine(JSON.stringify({ bench: 'ingest', ...figures }));
for (const each of [generator, ingest, clickhouse]) await each.stop();
rmSync(folder, { recursive: true });
if (ingest.output !== '') printLine(`ingest wrote:\n${ingest.output}`);
