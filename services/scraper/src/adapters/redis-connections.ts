import type { Logger } from '@everflame/service-kit';
import { Redis } from 'ioredis';

const COMMAND_TIMEOUT_MS = 2000;
const MAX_RECONNECT_MS = 2000;
const CLOSE_TIMEOUT_MS = 3000;

const retryStrategy = (times: number): number => Math.min(MAX_RECONNECT_MS, 50 * 2 ** Math.min(times, 10));

/** The connections to Redis: all reconnect for ever, and differ in what happens while it is away. */
export class RedisConnections {
  /** Commands wait. */
  readonly queue: Redis;
  /** Commands fail at once. */
  readonly commands: Redis;
  /** For subscriptions alone; they are renewed after a reconnect. */
  readonly subscriber: Redis;

  constructor(url: string, logger: Logger) {
    this.queue = new Redis(url, { maxRetriesPerRequest: null, retryStrategy });
    this.commands = new Redis(url, {
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      commandTimeout: COMMAND_TIMEOUT_MS,
      retryStrategy,
    });
    this.subscriber = new Redis(url, { maxRetriesPerRequest: null, retryStrategy });
    for (const connection of this.#all()) {
      connection.on('error', (error: Error) => logger.debug({ err: error }, 'Redis connection failed'));
    }
  }

  /** Throws unless Redis answers now. */
  async ping(): Promise<void> {
    if (this.commands.status !== 'ready') throw new Error('Redis cannot be reached');
    await this.commands.ping();
  }

  /** Waits for work that needs Redis to end, but not for ever: it may never end while Redis is away. */
  async within(work: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
    });
    await Promise.race([work.catch(() => undefined), timeout]);
    clearTimeout(timer);
  }

  close(): void {
    for (const connection of this.#all()) connection.disconnect();
  }

  #all(): Redis[] {
    return [this.queue, this.commands, this.subscriber];
  }
}
