// What receiving costs the ingest process: messages of 50 kB over each door, served as in production, with nothing done
// after the envelope. CPU time of the server's process, all threads.
import { printLine, printLoad, printRow } from './load/figures.ts';
import { BenchProcess, freePort, sleep } from './load/processes.ts';

const WARM_UP_MS = 2000;
const MEASURE_MS = 4000;
const REPEATS = 3;
const UNLIMITED = String(2 ** 40);

interface Door {
  readonly name: string;
  readonly kind: 'stream' | 'unary' | 'http';
  readonly connections: number;
  readonly inFlight: number;
}

const DOORS: readonly Door[] = [
  { name: 'gRPC stream, 1 connection', kind: 'stream', connections: 1, inFlight: 64 },
  { name: 'gRPC streams, 8 connections', kind: 'stream', connections: 8, inFlight: 16 },
  { name: 'gRPC unary, 1 connection', kind: 'unary', connections: 1, inFlight: 16 },
  { name: 'HTTP POST, 16 connections', kind: 'http', connections: 1, inFlight: 16 },
];

const grpcPort = await freePort();
const httpPort = await freePort();
const server = await BenchProcess.start('server', 'bench/dist/load/doors-only.js', {
  INGEST_HTTP_PORT: String(httpPort),
  INGEST_GRPC_PORT: String(grpcPort),
  INGEST_LIMIT_RATE_BYTES: UNLIMITED,
  INGEST_LIMIT_BURST_BYTES: UNLIMITED,
});

async function measure({
  kind,
  connections,
  inFlight,
}: Door): Promise<{ micros: number; perSecond: number }> {
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

printLoad('at the start');
printRow('', 'µs CPU/msg', 'messages/s');
const figures: Record<string, { micros: number; perSecond: number }> = {};
for (const door of DOORS) {
  const rounds = [];
  for (let i = 0; i < REPEATS; i++) rounds.push(await measure(door));
  const best = rounds.reduce((least, each) => (each.micros < least.micros ? each : least));
  figures[door.name] = best;
  printRow(door.name, best.micros.toFixed(1), best.perSecond.toFixed(0));
}
printLoad('at the end');
printLine(JSON.stringify({ bench: 'receive', ...figures }));
await server.stop();
