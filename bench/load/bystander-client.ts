// Pushes messages of 50 kB over gRPC at a steady pace and keeps how long each took. Started by receive.bench.ts with the
// port; answers every message with the milliseconds since the one before.
import { createIngestClient } from '@everflame/contract/grpc';

const EVERY_MS = 10;
const PROFILE_BYTES = 50_000;

const client = createIngestClient(`127.0.0.1:${process.argv[2] ?? ''}`);
const request = {
  id: '1',
  labels: [{ name: 'service_name', value: 'checkout' }],
  pprof: Buffer.alloc(PROFILE_BYTES, 'pprof'),
};
let millis: number[] = [];

setInterval(() => {
  const start = performance.now();
  client.Push(request, (error) => {
    if (error === null) millis.push(performance.now() - start);
    else process.stderr.write(`${error.message}\n`);
  });
}, EVERY_MS);
process.on('message', () => {
  process.send?.(millis);
  millis = [];
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
