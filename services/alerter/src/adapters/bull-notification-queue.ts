import { DomainError } from '@everflame/profile';
import { type Job, Queue, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Transition } from '../documents/alert-document.ts';
import type { DeliveryAttempt } from '../application/deliver-notification.ts';
import { NotificationQueue } from '../application/ports.ts';
import { askRedis } from './redis-connection.ts';

const QUEUE = 'alerter-notifications';
const DELIVERY_CONCURRENCY = 8;
/** Tries after 0, 1, 3, 7, 15, 31, 63 and 127 s. */
const ATTEMPTS = 8;
const FIRST_RETRY_MS = 1000;
/** The id of a job refuses a second one for as long as the job is kept. */
const KEEP_S = 86_400;

interface Delivery {
  readonly alertId: string;
  readonly transition: Transition;
  readonly wasSent: boolean;
}

/** One job per alert and transition. */
export class BullNotificationQueue extends NotificationQueue {
  readonly #redis: Redis;
  readonly #queue: Queue<Delivery>;

  constructor(redis: Redis, prefix: string) {
    super();
    this.#redis = redis;
    this.#queue = new Queue(QUEUE, { connection: redis, prefix });
    this.#queue.on('error', () => undefined);
  }

  async add(alertId: string, transition: Transition): Promise<void> {
    await askRedis(this.#redis, () =>
      this.#queue.add(
        'notify',
        { alertId, transition, wasSent: false },
        {
          jobId: `${alertId}-${transition}`,
          attempts: ATTEMPTS,
          backoff: { type: 'exponential', delay: FIRST_RETRY_MS },
          removeOnComplete: { age: KEEP_S },
          removeOnFail: { age: KEEP_S },
        },
      ),
    );
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }
}

/** Delivers notifications; what will not succeed by itself is not tried again. */
export function startDeliveryWorker(
  redis: Redis,
  prefix: string,
  deliver: (attempt: DeliveryAttempt) => Promise<void>,
): Worker {
  const worker = new Worker<Delivery>(QUEUE, (job) => runDelivery(job, deliver), {
    connection: redis,
    prefix,
    concurrency: DELIVERY_CONCURRENCY,
  });
  worker.on('error', () => undefined);
  return worker;
}

async function runDelivery(
  job: Job<Delivery>,
  deliver: (attempt: DeliveryAttempt) => Promise<void>,
): Promise<void> {
  try {
    await deliver({
      ...job.data,
      isLast: job.attemptsMade + 1 >= ATTEMPTS,
      markSent: () => job.updateData({ ...job.data, wasSent: true }),
    });
  } catch (error) {
    if (error instanceof DomainError && !error.isRetryable) throw new UnrecoverableError(error.message);
    throw error;
  }
}
