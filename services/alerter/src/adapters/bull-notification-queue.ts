import { DomainError } from '@everflame/profile';
import type { Principal } from '@everflame/service-kit';
import type { RedisConnections } from '@everflame/service-kit/redis';
import { type Job, type Queue, UnrecoverableError, type Worker } from 'bullmq';
import type { DeliveryAttempt } from '../application/deliver-notification.ts';
import type { NotificationKey, NotificationQueue } from '../application/ports.ts';
import { openQueue, type QueuePlace, startWorker } from './bull-queues.ts';

const QUEUE = 'alerter-notifications';
const DELIVERY_CONCURRENCY = 8;
/** Tries after 0, 1, 3, 7, 15, 31, 63 and 127 s. */
const ATTEMPTS = 8;
const FIRST_RETRY_MS = 1000;
/** The id of a job refuses a second one for as long as the job is kept. */
const KEEP_S = 86_400;

/** `tenant` and `receiver` are absent in jobs of older versions, which knew one tenant and the rule's own receiver. */
interface DeliveryJob extends Omit<NotificationKey, 'receiver'> {
  readonly tenant?: string;
  readonly receiver?: string;
  readonly wasSent: boolean;
}

/** Delivers one notification; the principal is that of its job, where the job says one. */
export type Deliver = (tenant: string | undefined, attempt: DeliveryAttempt) => Promise<void>;

/** One job per alert, receiver and transition. */
export class BullNotificationQueue implements NotificationQueue {
  readonly #redis: RedisConnections;
  readonly #queue: Queue<DeliveryJob>;

  constructor(redis: RedisConnections, prefix: string) {
    this.#redis = redis;
    this.#queue = openQueue(QUEUE, { connection: redis.commands, prefix });
  }

  async add({ tenant }: Principal, notification: NotificationKey): Promise<void> {
    const { alertId, receiver, transition } = notification;
    await this.#redis.ask(() =>
      this.#queue.add(
        'notify',
        { ...notification, tenant, wasSent: false },
        {
          jobId: `${alertId}-${transition}${receiver === '' ? '' : `-${receiver}`}`,
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
export function startDeliveryWorker(place: QueuePlace, deliver: Deliver): Worker {
  const options = { ...place, concurrency: DELIVERY_CONCURRENCY };
  return startWorker<DeliveryJob>(QUEUE, options, (job) => runDelivery(job, deliver));
}

async function runDelivery(job: Job<DeliveryJob>, deliver: Deliver): Promise<void> {
  const { tenant, receiver = '', ...notification } = job.data;
  try {
    await deliver(tenant, {
      ...notification,
      receiver,
      isLast: job.attemptsMade + 1 >= ATTEMPTS,
      markSent: () => job.updateData({ ...job.data, wasSent: true }),
    });
  } catch (error) {
    if (error instanceof DomainError && !error.isRetryable) throw new UnrecoverableError(error.message);
    throw error;
  }
}
