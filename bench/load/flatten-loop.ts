// The body of a thread that flattens the same profiles over and over and reports how many it did.
import { ProfileFlattener } from '@everflame/ingest/flatten';
import { parentPort, workerData } from 'node:worker_threads';
import { jobOf } from './flatten-job.ts';

const { profiles, warmUpMs, measureMs } = workerData as {
  readonly profiles: readonly Uint8Array[];
  readonly warmUpMs: number;
  readonly measureMs: number;
};

function flattenFor(ms: number): number {
  const end = performance.now() + ms;
  let done = 0;
  while (performance.now() < end) {
    for (const pprof of profiles) flattener.flatten(jobOf(pprof));
    done += profiles.length;
  }
  return done;
}

const port = parentPort;
const flattener = new ProfileFlattener();
flattenFor(warmUpMs);
const start = performance.now();
const done = flattenFor(measureMs);
port?.postMessage((done / (performance.now() - start)) * 1e3);
