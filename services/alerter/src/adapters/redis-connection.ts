import { UnavailableError } from '@everflame/profile';
import type { Logger } from '@everflame/service-kit';
import { Redis } from 'ioredis';

const COMMAND_TIMEOUT_MS = 5000;
const MAX_RECONNECT_DELAY_MS = 2000;

/** A connection for commands: fails rather than waits while Redis is away, and comes back by itself. */
export function openRedis(url: string, logger: Logger): Redis {
  return withLoggedOutages(
    new Redis(url, {
      maxRetriesPerRequest: 1,
      commandTimeout: COMMAND_TIMEOUT_MS,
      retryStrategy: reconnectDelay,
    }),
    logger,
  );
}

/** A connection for a queue worker: waits as long as it takes, as BullMQ asks for. */
export function openWorkerRedis(url: string, logger: Logger): Redis {
  return withLoggedOutages(
    new Redis(url, { maxRetriesPerRequest: null, retryStrategy: reconnectDelay }),
    logger,
  );
}

/** Asks Redis; throws `UnavailableError` (`redis_unavailable`) when it does not answer, at once while it is away. */
export async function askRedis<T>(redis: Redis, ask: () => Promise<T>): Promise<T> {
  if (redis.status !== 'ready') throw redisUnavailable();
  try {
    return await ask();
  } catch (error) {
    // Answers of Redis are mistakes of ours; everything else is the connection.
    if (error instanceof Error && error.name === 'ReplyError') throw error;
    throw redisUnavailable(error);
  }
}

function redisUnavailable(cause?: unknown): UnavailableError {
  return new UnavailableError('redis_unavailable', 'Redis does not answer.', {
    hint: 'Check REDIS_URL and that Redis runs.',
    cause,
  });
}

function reconnectDelay(attempt: number): number {
  return Math.min(attempt * 100, MAX_RECONNECT_DELAY_MS);
}

function withLoggedOutages(redis: Redis, logger: Logger): Redis {
  let isDown = false;
  redis.on('ready', () => {
    if (isDown) logger.info('redis is back');
    isDown = false;
  });
  redis.on('error', (error: Error) => {
    if (!isDown) logger.warn({ err: error }, 'redis does not answer');
    isDown = true;
  });
  return redis;
}
