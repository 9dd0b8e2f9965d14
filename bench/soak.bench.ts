// Everything that may go wrong, under load, for SOAK_SECONDS (60): kill -9 of ingest and of ClickHouse, an outage, a client
// that sends everything again. Then SOAK_LEFTOVER_MB (200) that a killed ingest process left behind. At the end the sum of
// all acknowledged values must be the sum that can be queried, and no profile may be there twice.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom, waitFor } from '@everflame/testkit';
import { type Account, accountOf, settledAccount } from './durability/accounting.ts';
import { LoadClient, type LoadTotals } from './durability/load-client.ts';
import { DurabilityStack, type Ingest } from './durability/stack.ts';

const seconds = Number(process.env['SOAK_SECONDS'] ?? 60);
const leftoverBytes = Number(process.env['SOAK_LEFTOVER_MB'] ?? 200) * 1e6;
const seed = Number(process.env['SOAK_SEED'] ?? 1);
const MAX_OUTAGE_MS = 60_000;
const PROBES = 15;

const random = new SeededRandom(seed);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const percentile = (values: readonly number[], share: number): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? NaN);

interface Outcome {
  readonly totals: LoadTotals;
  readonly account: Account;
  readonly isExact: boolean;
}

async function settle(stack: DurabilityStack, client: LoadClient, service: string): Promise<Outcome> {
  const totals = await client.stop();
  const account = await settledAccount(stack.reader, service, client.fromMs, totals);
  const isExact =
    account.profiles === totals.acknowledged &&
    account.sum === totals.acknowledgedSum &&
    account.unresolved === 0;
  print(
    `  acknowledged ${totals.acknowledged} profiles, sum ${totals.acknowledgedSum}; stored ${account.profiles}, sum ${account.sum}, ` +
      `unresolved ${account.unresolved}: ${isExact ? 'exact' : 'WRONG'}`,
  );
  print(`  attempts that failed and were repeated: ${JSON.stringify(Object.fromEntries(totals.failures))}`);
  return { totals, account, isExact };
}

/** How long after its acknowledgement a profile can be queried, with nothing else going on. */
async function measureQueryable(stack: DurabilityStack, ingest: Ingest): Promise<number[]> {
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
  return delays;
}

async function disturb(stack: DurabilityStack, ingests: readonly Ingest[]): Promise<Record<string, number>> {
  const counts = { killsOfIngest: 0, killsOfClickHouse: 0, outageMs: 0 };
  const outageMs = Math.min(MAX_OUTAGE_MS, (seconds * 1000) / 3);
  const killUntil = Date.now() + seconds * 1000 - outageMs;
  while (Date.now() < killUntil) {
    await sleep(300 + random.below(1500));
    if (random.below(4) === 0) {
      await stack.clickhouse.kill();
      counts.killsOfClickHouse += 1;
      await sleep(random.below(2000));
      await stack.clickhouse.start();
      continue;
    }
    const victim = random.pick(ingests);
    await victim.process.ready();
    await victim.process.kill();
    victim.process.launch();
    counts.killsOfIngest += 1;
  }
  for (const { process } of ingests) await process.ready();
  for (const kind of ['refuse', 'blackhole'] as const) {
    await stack.proxy.setMode({ kind });
    await sleep(outageMs / 2);
  }
  await stack.proxy.setMode({ kind: 'pass' });
  return { ...counts, outageMs };
}

const residentBytes = (pid: number): number =>
  1024 * Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN);

async function spoolBytes(ingest: Ingest): Promise<number> {
  const metrics = await (await fetch(`${ingest.url}/metrics`)).text();
  return Number(/^everflame_ingest_spool_bytes\S* (\S+)/m.exec(metrics)?.[1] ?? NaN);
}

async function takeUpLeftover(stack: DurabilityStack, ingest: Ingest) {
  await ingest.process.start();
  const emptyBytes = residentBytes(ingest.process.pid);
  await stack.proxy.setMode({ kind: 'refuse' });
  const options = { service: 'leftover', concurrency: 8, seed, stacks: 4000, isWarm: true };
  const client = new LoadClient([ingest.url], options);
  client.start();
  await waitFor(async () => (await spoolBytes(ingest)) >= leftoverBytes, {
    what: 'the spool to fill',
    timeoutMs: 600_000,
    intervalMs: 250,
  });
  await client.stop();
  await ingest.process.kill();
  await stack.proxy.setMode({ kind: 'pass' });
  const start = performance.now();
  await ingest.process.start();
  const startedMs = performance.now() - start;
  const drained = waitFor(async () => (await spoolBytes(ingest)) === 0, {
    what: 'the spool to empty',
    timeoutMs: 600_000,
    intervalMs: 250,
  });
  await drained;
  const elapsed = (performance.now() - start) / 1000;
  const figures = {
    leftoverMb: Math.round(leftoverBytes / 1e6),
    startMs: Math.round(startedMs),
    drainSeconds: Number(elapsed.toFixed(1)),
    mbPerSecond: Number((leftoverBytes / 1e6 / elapsed).toFixed(1)),
    idleRssMb: Math.round(emptyBytes / 1e6),
    peakRssMb: Math.round(residentBytes(ingest.process.pid) / 1e6),
  };
  return { figures, outcome: await settle(stack, client, 'leftover') };
}

const stack = await DurabilityStack.start();
try {
  const ingests = [await stack.ingest('a'), await stack.ingest('b')];
  for (const { process } of ingests) await process.start();
  const [first] = ingests as [Ingest];

  const delays = await measureQueryable(stack, first);
  print(`acknowledged to queryable: p50 ${percentile(delays, 0.5)} ms, longest ${percentile(delays, 1)} ms`);

  const urls = ingests.map(({ url }) => url);
  const calm = new LoadClient(urls, { service: 'calm', concurrency: 8, seed, pauseMs: 5 });
  calm.start();
  await sleep(5000);
  print('calm, 5 s:');
  const calmOutcome = await settle(stack, calm, 'calm');
  const latencies = calmOutcome.totals.latenciesMs;
  print(`  acknowledged after p50 ${percentile(latencies, 0.5)} ms, p99 ${percentile(latencies, 0.99)} ms`);

  print(`soak, ${seconds} s:`);
  const client = new LoadClient(urls, { service: 'soak', concurrency: 8, seed, pauseMs: 5, stacks: 3 });
  client.start();
  const faults = await disturb(stack, ingests);
  print(`  ${JSON.stringify(faults)}`);
  const soak = await settle(stack, client, 'soak');
  for (const { process } of ingests) await process.stop();

  print(`leftover, ${leftoverBytes / 1e6} MB:`);
  const leftover = await takeUpLeftover(stack, await stack.ingest('c'));
  print(`  ${JSON.stringify(leftover.figures)}`);

  const isExact = [calmOutcome, soak, leftover.outcome].every((outcome) => outcome.isExact);
  process.exitCode = isExact ? 0 : 1;
  print(
    `\n${JSON.stringify({
      bench: 'soak',
      seconds,
      seed,
      isExact,
      acknowledged: soak.totals.acknowledged,
      acknowledgedSum: soak.totals.acknowledgedSum,
      storedSum: soak.account.sum,
      repeatedAttempts: [...soak.totals.failures.values()].reduce((sum, count) => sum + count, 0),
      ...faults,
      acknowledgeP50Ms: percentile(latencies, 0.5),
      acknowledgeP99Ms: percentile(latencies, 0.99),
      queryableP50Ms: percentile(delays, 0.5),
      queryableMaxMs: percentile(delays, 1),
      leftover: leftover.figures,
    })}`,
  );
} finally {
  await stack.dispose();
}
