// Sends profiles to an ingest service at a steady rate and measures its answers. Started by ingest.bench.ts.
import { createIngestClient, type PushResponse__Output } from '@everflame/contract/grpc';
import { quantile } from './figures.ts';
import { encodeVariants } from './variants.ts';

/** What the generator has seen so far. */
export interface LoadReport {
  readonly sent: number;
  readonly accepted: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Bytes of profiles sent. */
  readonly bytes: number;
}

const TICK_MS = 10;
const CATCH_UP_SECONDS = 2;
const SERVICES = 40;
const PODS = 25;

const [address = '', rateText = ''] = process.argv.slice(2);
const rate = Number(rateText);
const variants = encodeVariants();
const client = createIngestClient(address);
const stream = client.PushStream();
const sentAt = new Map<string, number>();
const latencies: number[] = [];
const refused: Record<string, number> = {};
let sent = 0;
let accepted = 0;
let bytes = 0;
let isBlocked = false;
let isStopped = false;

stream.on('data', (answer: PushResponse__Output) => {
  latencies.push(performance.now() - (sentAt.get(answer.id) ?? NaN));
  sentAt.delete(answer.id);
  if (answer.error === null) accepted++;
  else refused[answer.error.code] = (refused[answer.error.code] ?? 0) + 1;
});
stream.on('drain', () => (isBlocked = false));
stream.on('error', (error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});

function sendOne(): void {
  const id = String(sent);
  const service = sent % SERVICES;
  const pod = Math.floor(sent / SERVICES) % PODS;
  const set = variants[(service + Math.floor(sent / (SERVICES * PODS))) % variants.length];
  const pprof = set?.payloads[Math.floor(sent / 7) % set.payloads.length];
  if (set === undefined || pprof === undefined) throw new Error('There is no profile to send.');
  const labels = [
    { name: 'service_name', value: `service-${service}` },
    { name: 'instance', value: `service-${service}-7d9f6c-${pod}` },
    { name: 'version', value: `2.${service % 7}.0` },
    { name: 'env', value: 'production' },
    { name: 'region', value: `eu-west-${pod % 3}` },
  ];
  sentAt.set(id, performance.now());
  bytes += pprof.length;
  sent++;
  const request = {
    id,
    labels,
    profileName: set.profileName,
    pprof,
    timeUnixMs: Date.now(),
    durationMs: 15_000,
  };
  if (!stream.write(request)) isBlocked = true;
}

let start = 0;
let paused = 0;
const timer = setInterval(() => {
  if (start === 0 || isStopped) return;
  const due = ((performance.now() - start) / 1e3) * rate;
  // What could not be sent in time is made up for when it is late by no more than this; a client that is held back sends less.
  if (due - sent - paused > rate * CATCH_UP_SECONDS) paused = due - sent - rate * CATCH_UP_SECONDS;
  while (!isBlocked && sent + paused < due) sendOne();
}, TICK_MS);

process.on('message', (message: 'start' | 'stop' | 'report') => {
  if (message === 'start') start = performance.now();
  if (message === 'stop') {
    isStopped = true;
    clearInterval(timer);
    stream.on('end', () => process.send?.(report(), () => process.exit(0)));
    stream.end();
  }
  if (message === 'report') process.send?.(report());
});
process.on('disconnect', () => process.exit(1));
process.send?.('ready');

function report(): LoadReport {
  return {
    sent,
    accepted,
    refused,
    bytes,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: latencies.reduce((most, each) => Math.max(most, each), 0),
  };
}
