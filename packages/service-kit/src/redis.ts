import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '@everflame/profile';
import { Redis } from 'ioredis';
import type { Logger } from './logging.ts';

export type { Redis } from 'ioredis';

const COMMAND_TIMEOUT_MS = 5000;
const MAX_RECONNECT_DELAY_MS = 2000;
const CLOSE_TIMEOUT_MS = 3000;

/** How a service uses its Redis. */
export interface RedisOptions {
  readonly url: string;
  /** What an outage means, for the line of the log that says there is one. */
  readonly whileAway: string;
  /** How long a command may take; 5 s when absent. */
  readonly commandTimeoutMs?: number;
}

/**
 * The connections of a service to Redis. All reconnect for ever, and differ in what becomes of a command while Redis is
 * away. An outage is logged once when it begins and once when it is over.
 */
export class RedisConnections {
  /** Commands fail at once while Redis is away. */
  readonly commands: Redis;
  readonly #options: RedisOptions;
  readonly #logger: Logger;
  readonly #waiting: Redis[] = [];
  #isAway = false;

  constructor(options: RedisOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    this.commands = new Redis(options.url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: options.commandTimeoutMs ?? COMMAND_TIMEOUT_MS,
      retryStrategy: reconnectDelay,
    });
    this.commands.on('ready', () => this.#noteAnswer());
    this.commands.on('error', (error: Error) => this.#noteOutage(error));
  }

  /**
   * Opens a connection whose commands wait for as long as Redis is away, as BullMQ asks of that of a worker. Also for
   * subscriptions, which are renewed; one that subscribes takes no other commands.
   */
  openWaiting(): Redis {
    const redis = new Redis(this.#options.url, { maxRetriesPerRequest: null, retryStrategy: reconnectDelay });
    // That of the commands says it; without a listener ioredis would print every attempt.
    redis.on('error', () => undefined);
    this.#waiting.push(redis);
    return redis;
  }

  /** Asks Redis; throws `UnavailableError` (`redis_unavailable`) when it does not answer, at once while it is away. */
  async ask<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.commands.status !== 'ready') throw redisUnavailable();
    try {
      const answer = await work(this.commands);
      this.#noteAnswer();
      return answer;
    } catch (error) {
      // Answers of Redis are mistakes of ours; everything else is the connection.
      if (error instanceof Error && error.name === 'ReplyError') throw error;
      this.#noteOutage(error);
      throw redisUnavailable(error);
    }
  }

  /** Throws unless Redis answers now. */
  async ping(): Promise<void> {
    await this.ask((redis) => redis.ping());
  }

  /** Waits for work that needs Redis to end, but not for ever: while Redis is away it may never end. */
  async within(work: Promise<unknown>): Promise<void> {
    await Promise.race([work.catch(() => undefined), sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
  }

  close(): void {
    // What is asked from now on ends in vain, and is no outage.
    this.#isAway = true;
    for (const redis of [this.commands, ...this.#waiting]) redis.disconnect();
  }

  #noteOutage(error: unknown): void {
    if (!this.#isAway) {
      this.#logger.warn({ err: error }, `Redis does not answer; ${this.#options.whileAway}`);
    }
    this.#isAway = true;
  }

  #noteAnswer(): void {
    if (this.#isAway) this.#logger.info('Redis answers again');
    this.#isAway = false;
  }
}

/** Asks a Redis once, over a connection that is not opened again; throws why it cannot be opened where that is so. */
export async function withRedis<T>(
  url: string,
  timeoutMs: number,
  use: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let reason: Error | undefined;
  redis.on('error', (error: Error) => {
    reason = error;
  });
  try {
    await redis.connect();
    return await use(redis);
  } catch (error) {
    throw reason ?? error;
  } finally {
    redis.disconnect();
  }
}

function reconnectDelay(attempt: number): number {
  return Math.min(attempt * 100, MAX_RECONNECT_DELAY_MS);
}

function redisUnavailable(cause?: unknown): UnavailableError {
  return new UnavailableError('redis_unavailable', 'Redis does not answer.', {
    hint: 'Check REDIS_URL and that Redis runs.',
    cause,
  });
}
