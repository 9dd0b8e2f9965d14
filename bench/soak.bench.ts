// Everything that may go wrong, under load: SOAK_CLICKHOUSE_KILLS (40) kill -9 of ClickHouse while it takes inserts and at the
// same time SOAK_INGEST_KILLS (20) of ingest, then an outage of SOAK_OUTAGE_SECONDS (20), then SOAK_LEFTOVER_MB (200) that a
// killed ingest process left behind. At the end every acknowledged profile has to be there once, with its values and the
// frames of its stacks.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom, waitFor } from '@everflame/testkit';
import { accountOf, storedProfiles } from './durability/accounting.ts';
import { KillPlan } from './durability/kill-plan.ts';
import { LoadClient } from './durability/load-client.ts';
import { DurabilityStack, type Ingest } from './durability/stack.ts';
import { type Faults, faultsOf } from './durability/verification.ts';

const setting = (name: string, fallback: number): number => Number(process.env[name] ?? fallback);
const clickhouseKills = setting('SOAK_CLICKHOUSE_KILLS', 40);
const ingestKills = setting('SOAK_INGEST_KILLS', 20);
const outageMs = setting('SOAK_OUTAGE_SECONDS', 20) * 1000;
const leftoverBytes = setting('SOAK_LEFTOVER_MB', 200) * 1e6;
const seed = setting('SOAK_SEED', 1);
const PROBES = 15;
const PROGRESS_MS = 15_000;
const SETTLE_MS = 300_000;
const HOUR_MS = 3_600_000;

const startedAt = performance.now();
const random = new SeededRandom(seed);
const print = (line: string): void => {
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  process.stdout.write(`${String(seconds).padStart(5)} s  ${line}\n`);
};
const percentile = (values: readonly number[], share: number): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? NaN);

/** What the last line says; filled as the phases go. */
const figures: Record<string, unknown> = { bench: 'soak', seed, isExact: false };
const sums = { acknowledged: 0, lost: 0, doubled: 0, wrong: 0, unresolved: 0 };

/** Ends the load, waits until the spools are empty, and reads everything back. */
async function settle(stack: DurabilityStack, client: LoadClient, ingests: readonly Ingest[]): Promise<void> {
  const { acknowledged, failures } = await client.stop();
  await waitFor(
    async () => {
      const bytes = await Promise.all(ingests.map(spoolBytes));
      return bytes.every((held) => held === 0);
    },
    { what: 'the spools to be empty', timeoutMs: SETTLE_MS, intervalMs: 200 },
  );
  const faults: Faults = await faultsOf(stack.reader, client);
  const stored = await storedProfiles(stack.reader, client.service, client.fromMs);
  for (const name of ['lost', 'doubled', 'wrong', 'unresolved'] as const) sums[name] += faults[name];
  sums.acknowledged += acknowledged;
  sums.doubled += Math.max(0, stored - acknowledged);
  print(
    `${client.service}: acknowledged ${acknowledged}, stored ${stored}, ${JSON.stringify(faults)}; attempts that failed and ` +
      `were repeated: ${JSON.stringify(Object.fromEntries(failures))}`,
  );
}

/** How long after its acknowledgement a profile can be queried, with nothing else going on. */
async function measureQueryable(stack: DurabilityStack, ingest: Ingest): Promise<void> {
  const client = new LoadClient([ingest.url], { service: 'probe', concurrency: 1, seed });
  const delays: number[] = [];
  for (let probe = 1; probe <= PROBES; probe++) {
    await sleep(random.below(1000));
    await client.push(1);
    const start = performance.now();
    await waitFor(async () => (await accountOf(stack.reader, 'probe', client.fromMs)).profiles >= probe, {
      what: 'the profile to be queryable',
      intervalMs: 5,
    });
    delays.push(performance.now() - start);
  }
  figures['queryableP50Ms'] = percentile(delays, 0.5);
  figures['queryableMaxMs'] = percentile(delays, 1);
  print(`acknowledged to queryable: p50 ${percentile(delays, 0.5)} ms, longest ${percentile(delays, 1)} ms`);
}

async function calm(stack: DurabilityStack, ingests: readonly Ingest[]): Promise<void> {
  const urls = ingests.map(({ url }) => url);
  const client = new LoadClient(urls, { service: 'calm', concurrency: 8, seed, pauseMs: 5 });
  client.start();
  await sleep(5000);
  await settle(stack, client, ingests);
  const { latenciesMs } = client.totals;
  figures['acknowledgeP50Ms'] = percentile(latenciesMs, 0.5);
  figures['acknowledgeP99Ms'] = percentile(latenciesMs, 0.99);
  print(`acknowledged after p50 ${percentile(latenciesMs, 0.5)} ms, p99 ${percentile(latenciesMs, 0.99)} ms`);
}

async function killAtRandom(stack: DurabilityStack, ingests: readonly Ingest[]): Promise<void> {
  const urls = ingests.map(({ url }) => url);
  // Of hours that are over, so that every insert marks them.
  const options = { service: 'killed', concurrency: 4, seed, pauseMs: 10, stacks: 3, ageMs: 5 * HOUR_MS };
  const client = new LoadClient(urls, options);
  const plan = new KillPlan(stack, ingests, { clickhouseKills, ingestKills, random });
  const report = (): void =>
    print(`${JSON.stringify(plan.done)} kills, ${client.totals.acknowledged} acknowledged`);
  const timer = setInterval(report, PROGRESS_MS);
  client.start();
  try {
    await plan.run();
  } finally {
    clearInterval(timer);
    Object.assign(figures, plan.done);
  }
  report();
  await settle(stack, client, ingests);
}

async function outage(stack: DurabilityStack, ingests: readonly Ingest[]): Promise<void> {
  const urls = ingests.map(({ url }) => url);
  const client = new LoadClient(urls, { service: 'outage', concurrency: 8, seed, pauseMs: 5, stacks: 3 });
  client.start();
  for (const kind of ['refuse', 'blackhole'] as const) {
    await stack.proxy.setMode({ kind });
    await sleep(outageMs / 2);
  }
  await stack.proxy.setMode({ kind: 'pass' });
  figures['outageMs'] = outageMs;
  await settle(stack, client, ingests);
}

const residentBytes = (pid: number): number =>
  1024 * Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN);

async function spoolBytes(ingest: Ingest): Promise<number> {
  const metrics = await (await fetch(`${ingest.url}/metrics`)).text();
  return Number(/^everflame_ingest_spool_bytes\S* (\S+)/m.exec(metrics)?.[1] ?? NaN);
}

async function takeUpLeftover(stack: DurabilityStack, ingest: Ingest): Promise<void> {
  await ingest.process.start();
  const idleBytes = residentBytes(ingest.process.pid);
  await stack.proxy.setMode({ kind: 'refuse' });
  const options = { service: 'leftover', concurrency: 8, seed, stacks: 4000, isWarm: true };
  const client = new LoadClient([ingest.url], options);
  client.start();
  const limits = { timeoutMs: 600_000, intervalMs: 250 };
  await waitFor(async () => (await spoolBytes(ingest)) >= leftoverBytes, {
    what: 'the spool to fill',
    ...limits,
  });
  await client.stop();
  await ingest.process.kill();
  await stack.proxy.setMode({ kind: 'pass' });
  const start = performance.now();
  await ingest.process.start();
  const startMs = Math.round(performance.now() - start);
  await waitFor(async () => (await spoolBytes(ingest)) === 0, { what: 'the spool to empty', ...limits });
  const drainSeconds = Number(((performance.now() - start) / 1000).toFixed(1));
  figures['leftover'] = {
    leftoverMb: Math.round(leftoverBytes / 1e6),
    startMs,
    drainSeconds,
    mbPerSecond: Number((leftoverBytes / 1e6 / drainSeconds).toFixed(1)),
    idleRssMb: Math.round(idleBytes / 1e6),
    peakRssMb: Math.round(residentBytes(ingest.process.pid) / 1e6),
  };
  await settle(stack, client, [ingest]);
}

const stack = await DurabilityStack.start();
try {
  // Short-lived segments, so that ClickHouse has an insert under way nearly always.
  const env = { INGEST_SPOOL_SEGMENT_AGE_MS: '50' };
  const ingests = [await stack.ingest('a', env), await stack.ingest('b', env)];
  for (const { process } of ingests) await process.start();
  await measureQueryable(stack, ingests[0] as Ingest);
  await calm(stack, ingests);
  if (clickhouseKills + ingestKills > 0) await killAtRandom(stack, ingests);
  if (outageMs > 0) await outage(stack, ingests);
  for (const { process } of ingests) await process.stop();
  if (leftoverBytes > 0) await takeUpLeftover(stack, await stack.ingest('c'));
  figures['isExact'] = sums.lost + sums.doubled + sums.wrong + sums.unresolved === 0;
} finally {
  await stack.dispose();
  process.exitCode = figures['isExact'] === true ? 0 : 1;
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  process.stdout.write(`\n${JSON.stringify({ ...figures, seconds, ...sums })}\n`);
}
