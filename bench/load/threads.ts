import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { FlattenPool } from '@everflame/ingest';
import { quietLogger } from '@everflame/testkit';
import { printLine, printRow } from './figures.ts';
import { jobOf } from './flatten-job.ts';

const REPEATS = 3;
const WARM_UP_MS = 3000;
const MEASURE_MS = 3000;
const JOBS_IN_FLIGHT = 64;

interface ThreadFigures {
  readonly oneThread: number;
  readonly twoThreads: number;
  readonly ratio: number;
  readonly poolOfOne: number;
  readonly poolOfTwo: number;
}

/**
 * Profiles per second of one thread and of two: alone (each works on its own copy), and through the pool that ingest
 * uses, whose owner takes part of a core. The best of a few repeats, taken in turns.
 */
export async function measureThreads(profiles: readonly Uint8Array[]): Promise<ThreadFigures> {
  const rates = { oneThread: 0, twoThreads: 0, poolOfOne: 0, poolOfTwo: 0 };
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    rates.oneThread = Math.max(rates.oneThread, await looping(profiles, 1));
    rates.twoThreads = Math.max(rates.twoThreads, await looping(profiles, 2));
    rates.poolOfOne = Math.max(rates.poolOfOne, await pooled(profiles, 1));
    rates.poolOfTwo = Math.max(rates.poolOfTwo, await pooled(profiles, 2));
  }
  const ratio = rates.twoThreads / rates.oneThread;
  printLine(`\nthreads, on ${availableParallelism()} cores`);
  printRow('', 'profiles/s');
  printRow('1 thread', rates.oneThread.toFixed(0));
  printRow('2 threads', rates.twoThreads.toFixed(0), `${ratio.toFixed(2)} times`);
  printRow('pool of 1, with the owner', rates.poolOfOne.toFixed(0));
  printRow('pool of 2, with the owner', rates.poolOfTwo.toFixed(0));
  return { ...rates, ratio: Number(ratio.toFixed(2)) };
}

async function looping(profiles: readonly Uint8Array[], threads: number): Promise<number> {
  const workerData = { profiles, warmUpMs: WARM_UP_MS, measureMs: MEASURE_MS };
  const rates = await Promise.all(
    Array.from({ length: threads }, () => {
      const worker = new Worker(new URL('flatten-loop.js', import.meta.url), { workerData });
      return new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject));
    }),
  );
  return rates.reduce((sum, rate) => sum + rate, 0);
}

async function pooled(profiles: readonly Uint8Array[], threads: number): Promise<number> {
  const body = new URL(import.meta.resolve('@everflame/ingest/flatten.worker'));
  const pool = await FlattenPool.start(
    { body, threads, times: { maxCpuMs: 10_000, maxWaitMs: 120_000 } },
    quietLogger('warn'),
  );
  const runFor = async (ms: number): Promise<number> => {
    const start = performance.now();
    let done = 0;
    const next = async (lane: number): Promise<void> => {
      for (let i = lane; performance.now() - start < ms; i++) {
        // A copy, as the pool takes the memory of what it is given.
        await pool.flatten(jobOf(new Uint8Array(profiles[i % profiles.length] ?? [])));
        done++;
      }
    };
    await Promise.all(Array.from({ length: JOBS_IN_FLIGHT }, (_, lane) => next(lane)));
    return (done / (performance.now() - start)) * 1e3;
  };
  await runFor(WARM_UP_MS);
  const rate = await runFor(MEASURE_MS);
  await pool.close();
  return rate;
}
