import type { Redis } from '@everflame/service-kit/redis';
import { type Job, Queue, Worker } from 'bullmq';

/** Where the jobs of the alerter are. */
export interface QueuePlace {
  readonly connection: Redis;
  readonly prefix: string;
}

/** Opens a queue. The connection reports outages; without a listener they would end the process, here and below. */
export function openQueue<Data>(name: string, place: QueuePlace): Queue<Data> {
  const queue: Queue<Data> = new Queue(name, place);
  queue.on('error', () => undefined);
  return queue;
}

/** Runs the jobs of a queue as they come due; over all alerters each runs once. */
export function startWorker<Data>(
  name: string,
  options: QueuePlace & { readonly concurrency: number },
  run: (job: Job<Data>) => Promise<void>,
): Worker {
  const worker = new Worker<Data>(name, run, options);
  worker.on('error', () => undefined);
  return worker;
}
