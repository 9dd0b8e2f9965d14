// What receiving costs the ingest process: messages of 50 kB over each transport, served as in production, with nothing done
// after the envelope. CPU time of the server's process, all threads. Then how long others wait while a client sends what
// is to be refused.
import { printLine, printLoad, printRow, quantile } from './load/figures.ts';
import { BenchProcess, freePort, sleep } from './load/processes.ts';

const WARM_UP_MS = 2000;
const MEASURE_MS = 4000;
const REPEATS = 3;
const ATTACK_MS = 6000;
const UNLIMITED = String(2 ** 40);

interface Way {
  readonly name: string;
  readonly kind: 'stream' | 'unary' | 'http';
  readonly connections: number;
  readonly inFlight: number;
}

const WAYS: readonly Way[] = [
  { name: 'gRPC stream, 1 connection', kind: 'stream', connections: 1, inFlight: 64 },
  { name: 'gRPC streams, 8 connections', kind: 'stream', connections: 8, inFlight: 16 },
  { name: 'gRPC unary, 1 connection', kind: 'unary', connections: 1, inFlight: 16 },
  { name: 'HTTP POST, 16 connections', kind: 'http', connections: 1, inFlight: 16 },
];

const grpcPort = await freePort();
const httpPort = await freePort();
const server = await BenchProcess.start('server', 'bench/dist/load/transports-only.js', {
  INGEST_HTTP_PORT: String(httpPort),
  INGEST_GRPC_PORT: String(grpcPort),
  INGEST_LIMIT_RATE_BYTES: UNLIMITED,
  INGEST_LIMIT_BURST_BYTES: UNLIMITED,
});

async function measure({ kind, connections, inFlight }: Way): Promise<{ micros: number; perSecond: number }> {
  const port = kind === 'http' ? httpPort : grpcPort;
  const args = [kind, '127.0.0.1', String(port), String(connections), String(inFlight)];
  const client = await BenchProcess.start('client', 'bench/dist/load/receive-client.js', {}, { args });
  const count = (): Promise<number> => {
    const answer = client.message<number>();
    client.child.send('count');
    return answer;
  };
  await sleep(WARM_UP_MS);
  const before = { messages: await count(), cpu: server.cpuSeconds, ms: performance.now() };
  await sleep(MEASURE_MS);
  const messages = (await count()) - before.messages;
  const cpu = server.cpuSeconds - before.cpu;
  const seconds = (performance.now() - before.ms) / 1e3;
  await client.stop();
  return { micros: (cpu / messages) * 1e6, perSecond: messages / seconds };
}

const ATTACKS = ['none', 'labels', 'kinds', 'fields', 'large', 'bomb'] as const;

interface Waited {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  readonly refusedPerSecond: number;
  readonly peakMiB: number;
}

/** How long others wait for their answers during an attack, and the most memory that the server takes. */
async function attackWith(attack: string): Promise<Waited> {
  const others = await BenchProcess.start(
    'others',
    'bench/dist/load/bystander-client.js',
    {},
    { args: [String(grpcPort)] },
  );
  const ask = <T>(process: BenchProcess): Promise<T> => {
    const answer = process.message<T>();
    process.child.send('count');
    return answer;
  };
  const args = [attack, String(grpcPort)];
  const attacker =
    attack === 'none'
      ? undefined
      : await BenchProcess.start('attacker', 'bench/dist/load/hostile-client.js', {}, { args });
  await sleep(WARM_UP_MS);
  await ask(others);
  let peakBytes = 0;
  const watch = setInterval(() => (peakBytes = Math.max(peakBytes, server.rssBytes)), 50);
  await sleep(ATTACK_MS);
  const millis = await ask<number[]>(others);
  const refused = attacker === undefined ? 0 : await ask<number>(attacker);
  clearInterval(watch);
  await attacker?.stop();
  await others.stop();
  return {
    p50Ms: quantile(millis, 0.5),
    p99Ms: quantile(millis, 0.99),
    worstMs: quantile(millis, 1),
    refusedPerSecond: (refused / (WARM_UP_MS + ATTACK_MS)) * 1e3,
    peakMiB: peakBytes / 2 ** 20,
  };
}

printLoad('at the start');
printRow('', 'µs CPU/msg', 'messages/s');
const figures: Record<string, { micros: number; perSecond: number }> = {};
for (const way of WAYS) {
  const rounds = [];
  for (let i = 0; i < REPEATS; i++) rounds.push(await measure(way));
  const best = rounds.reduce((least, each) => (each.micros < least.micros ? each : least));
  figures[way.name] = best;
  printRow(way.name, best.micros.toFixed(1), best.perSecond.toFixed(0));
}
const hostile: Record<string, Waited> = {};
printRow('others while a client sends', 'p50 ms', 'p99 ms', 'worst ms', 'refused/s', 'peak MiB');
for (const attack of ATTACKS) {
  const waited = await attackWith(attack);
  hostile[attack] = waited;
  const { p50Ms, p99Ms, worstMs, refusedPerSecond, peakMiB } = waited;
  const cells = [
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
    worstMs.toFixed(1),
    refusedPerSecond.toFixed(0),
    peakMiB.toFixed(0),
  ];
  printRow(attack, ...cells);
}
printLoad('at the end');
printLine(JSON.stringify({ bench: 'receive', ...figures, hostile }));
await server.stop();
