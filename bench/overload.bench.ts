// Twice of what an ingest process can take, for OVERLOAD_SECONDS (600): one client offers it, three others ask for little. What
// each of them gets, what it takes in memory, how soon it is over when it ends, and whether all that was acknowledged is there.
import { waitFor } from '@everflame/testkit';
import { accountOf } from './durability/accounting.ts';
import type { OverloadClient } from './durability/overload-client.ts';
import { overload } from './durability/overload.ts';
import { DurabilityStack, type Ingest } from './durability/stack.ts';
import { printLine, printLoad, printRow } from './load/figures.ts';

const SECONDS = Number(process.env['OVERLOAD_SECONDS'] ?? 600);
const STACKS = 200;
const PENDING_BYTES = 4 * 1024 * 1024;
const MIB = 1024 * 1024;
/** It is over when queries lag behind by less than that, and the modest are answered as they were before. */
const LAG_SECONDS = 2;
const LATENCY_MS = 500;
const RECOVERY_TIMEOUT_MS = 300_000;

async function lagSeconds({ url }: Ingest): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^everflame_ingest_spool_oldest_seconds\S* (\S+)/m.exec(metrics)?.[1] ?? Number.NaN);
}

async function recover(ingest: Ingest, modest: readonly OverloadClient[]): Promise<number> {
  const start = performance.now();
  for (const client of modest) client.takeLatency(1);
  await waitFor(
    async () => {
      const slowest = Math.max(...modest.map((client) => client.takeLatency(1)));
      return slowest < LATENCY_MS && (await lagSeconds(ingest)) < LAG_SECONDS;
    },
    { what: 'the end of the overload', timeoutMs: RECOVERY_TIMEOUT_MS, intervalMs: 1000 },
  );
  return (performance.now() - start) / 1000;
}

async function isExact(stack: DurabilityStack, service: string, client: OverloadClient): Promise<boolean> {
  const { acknowledged, acknowledgedSum } = client.totals;
  const stored = await waitFor(
    async () => {
      const account = await accountOf(stack.reader, service, client.fromMs);
      return account.profiles >= acknowledged && account;
    },
    { what: `${acknowledged} profiles of ${service}`, timeoutMs: RECOVERY_TIMEOUT_MS, intervalMs: 500 },
  );
  return stored.profiles === acknowledged && stored.sum === acknowledgedSum && stored.unresolved === 0;
}

printLoad('at the start');
const stack = await DurabilityStack.start();
try {
  const ingest = await stack.ingest('crowded', { INGEST_MAX_PENDING_BYTES: String(PENDING_BYTES) });
  await ingest.process.start();
  const figures = await overload(stack, ingest, { seconds: SECONDS, stacks: STACKS });
  const { greedy, modest } = figures.crowd;
  const recoverySeconds = await recover(ingest, modest);
  await Promise.all(modest.map((client) => client.stop()));
  printLine(`one alone gets ${figures.capacity} profiles/s through; twice that for ${SECONDS} s:`);
  printRow('', 'offered', 'stored', 'share');
  let exact = true;
  const clients = [greedy, ...modest].map((client, i) => {
    const { offered, acknowledged, failures, withoutRetryAfter } = client.totals;
    const name = i === 0 ? 'greedy' : `modest-${10 + i}`;
    printRow(name, String(offered), String(acknowledged), (acknowledged / offered).toFixed(3));
    return { name, offered, acknowledged, refused: Object.fromEntries(failures), withoutRetryAfter };
  });
  for (const [i, { name }] of clients.entries()) {
    exact = (await isExact(stack, name, [greedy, ...modest][i] as OverloadClient)) && exact;
  }
  printLoad('at the end');
  const peakIngestMib = Math.round(figures.peakIngestBytes / MIB);
  const peakClickHouseMib = Math.round(figures.peakClickHouseBytes / MIB);
  printLine(`memory at most: ingest ${peakIngestMib} MiB, ClickHouse ${peakClickHouseMib} MiB`);
  printLine(`over ${recoverySeconds.toFixed(1)} s after its end`);
  process.exitCode = exact ? 0 : 1;
  const { capacity } = figures;
  printLine(
    JSON.stringify({
      bench: 'overload',
      seconds: SECONDS,
      capacity,
      isExact: exact,
      recoverySeconds,
      peakIngestMib,
      peakClickHouseMib,
      clients,
    }),
  );
} finally {
  await stack.dispose();
}
