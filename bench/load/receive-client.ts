// Sends messages of 50 kB to ingest's doors as fast as they are answered. Started by receive.bench.ts with the door, its
// address, how many connections, and how many messages may be unanswered on each.
import { connect } from 'node:net';
import {
  createIngestClient,
  INGEST_PACKAGE,
  INGEST_SERVICE,
  type IngestServiceClient,
  type PushRequest,
} from '@everflame/contract/grpc';

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

/** With the bytes of the message made once: what the client costs, the server waits for. */
function streamForever(): void {
  const client = newClient();
  // grpc-js has the parts of a method's definition on the method.
  const method = Reflect.get(client, 'PushStream') as unknown as {
    requestSerialize(request: PushRequest): Buffer;
  };
  const message = method.requestSerialize({ ...push, id: '1' });
  const path = `/${INGEST_PACKAGE}.${INGEST_SERVICE}/PushStream`;
  const asIs = (bytes: Buffer): Buffer => bytes;
  const stream = client.makeBidiStreamRequest(path, asIs, asIs);
  const send = (): void => void stream.write(message);
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

/** Over bare sockets, with the bytes of the request made once: what the client costs, the server waits for. */
function postForever(): void {
  const path = `/api/v1/profiles?${new URLSearchParams({ ...LABELS, name: 'process_cpu' }).toString()}`;
  const head = `POST ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nContent-Length: ${PROFILE_BYTES}\r\n\r\n`;
  const message = Buffer.concat([Buffer.from(head), profile]);
  for (let i = 0; i < inFlight; i++) {
    const socket = connect(Number(port), host).setNoDelay();
    let answer = '';
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('The connection was closed.')));
    socket.on('data', (bytes) => {
      answer += bytes.toString('latin1');
      if (!answer.endsWith('}')) return;
      if (!answer.startsWith('HTTP/1.1 201 ')) fail(new Error(answer));
      answer = '';
      answered++;
      socket.write(message);
    });
    socket.write(message);
  }
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
