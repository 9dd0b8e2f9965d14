// Sends messages of 50 kB to ingest's doors as fast as they are answered. Started by receive.bench.ts with the door, its
// address, how many connections, and how many messages may be unanswered on each.
import { Agent, request } from 'node:http';
import { createIngestClient, type IngestServiceClient } from '@everflame/contract/grpc';

const PROFILE_BYTES = 50_000;
const LABELS = {
  service_name: 'checkout',
  instance: 'checkout-7d9f-x2x4k',
  version: '2.41.0',
  env: 'production',
};

const [door = '', host = '', port = '', connectionsText = '', inFlightText = ''] = process.argv.slice(2);
const connections = Number(connectionsText);
const inFlight = Number(inFlightText);
const profile = Buffer.alloc(PROFILE_BYTES, 'pprof');
const push = {
  labels: Object.entries(LABELS).map(([name, value]) => ({ name, value })),
  profileName: 'process_cpu',
  pprof: profile,
  timeUnixMs: Date.now(),
  durationMs: 15_000,
};
let answered = 0;

function fail(error: Error): never {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

function newClient(): IngestServiceClient {
  return createIngestClient(`${host}:${port}`, { 'grpc.use_local_subchannel_pool': 1 });
}

function streamForever(): void {
  const stream = newClient().PushStream();
  let next = 0;
  const send = (): void => void stream.write({ ...push, id: String(next++) });
  stream.on('error', fail);
  stream.on('data', () => {
    answered++;
    send();
  });
  for (let i = 0; i < inFlight; i++) send();
}

function unaryForever(): void {
  const client = newClient();
  const send = (): void => {
    client.Push({ ...push, id: '1' }, (error) => {
      if (error !== null) fail(error);
      answered++;
      send();
    });
  };
  for (let i = 0; i < inFlight; i++) send();
}

function postForever(): void {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const path = `/api/v1/profiles?${new URLSearchParams({ ...LABELS, name: 'process_cpu' }).toString()}`;
  const send = (): void => {
    const posted = request({ agent, host, port, path, method: 'POST' }, (response) => {
      if (response.statusCode !== 201) fail(new Error(`HTTP ${response.statusCode}`));
      response.resume();
      response.on('end', () => {
        answered++;
        send();
      });
    });
    posted.on('error', fail);
    posted.end(profile);
  };
  for (let i = 0; i < inFlight; i++) send();
}

const doors: Readonly<Record<string, () => void>> = {
  stream: streamForever,
  unary: unaryForever,
  http: postForever,
};
for (let i = 0; i < connections; i++) doors[door]?.();
process.on('message', () => process.send?.(answered));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
