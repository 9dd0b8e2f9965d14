import { UnavailableError } from '@everflame/profile';
import type { Logger } from '@everflame/service-kit';
import { type Redis, RedisConnections } from '@everflame/service-kit/redis';
import { AnswerCache } from '../application/cache/cached-answers.ts';

export interface RedisAnswerCacheOptions {
  readonly url: string;
  /** Of all entries together. */
  readonly maxBytes: number;
  /** Tells installations apart that share a Redis. */
  readonly namespace: string;
}

/** Slower than this and asking ClickHouse is as good. */
const COMMAND_TIMEOUT_MS = 500;
const WARN_EVERY_MS = 60_000;
/** What expires from storage does not live on here for long. */
const KEEP_SECONDS = 3600;
/** One entry takes at most this share of the budget. */
const LARGEST_SHARE = 1 / 8;

/**
 * Adds an entry and makes room for it. KEYS: entry, entries by last use, sizes, bytes in all.
 * ARGV: bytes, their number, now, the budget, seconds to keep.
 */
const PUT = `
local before = tonumber(redis.call('HGET', KEYS[3], KEYS[1]) or '0')
local size = tonumber(ARGV[2])
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[3], KEYS[1])
redis.call('HSET', KEYS[3], KEYS[1], size)
local total = redis.call('INCRBY', KEYS[4], size - before)
while total > tonumber(ARGV[4]) do
  local oldest = redis.call('ZPOPMIN', KEYS[2])
  if #oldest == 0 then break end
  local freed = tonumber(redis.call('HGET', KEYS[3], oldest[1]) or '0')
  redis.call('DEL', oldest[1])
  redis.call('HDEL', KEYS[3], oldest[1])
  total = redis.call('INCRBY', KEYS[4], -freed)
end
return total`;

/** Entries in Redis within a budget in bytes, the least recently used ones leave first. Without Redis there are none. */
export class RedisAnswerCache extends AnswerCache {
  readonly #redis: RedisConnections;
  readonly #maxBytes: number;
  readonly #logger: Logger;
  readonly #prefix: string;
  #warnedMs = -WARN_EVERY_MS;

  constructor({ url, maxBytes, namespace }: RedisAnswerCacheOptions, logger: Logger) {
    super();
    this.#maxBytes = maxBytes;
    this.#logger = logger;
    // The braces keep all keys on one node of a Redis cluster, as the script needs.
    this.#prefix = `{everflame:query:${namespace}}`;
    const whileAway = 'answers are not cached, which costs only speed';
    this.#redis = new RedisConnections({ url, whileAway, commandTimeoutMs: COMMAND_TIMEOUT_MS }, logger);
  }

  override async get(key: string): Promise<Buffer | undefined> {
    const entry = this.#entryOf(key);
    return this.#attempt(async (redis) => {
      const bytes = await redis.getBuffer(entry);
      if (bytes === null) return undefined;
      await redis.zadd(`${this.#prefix}:used`, 'XX', Date.now(), entry);
      return bytes;
    });
  }

  override async put(key: string, bytes: Buffer): Promise<void> {
    const maxBytes = this.#maxBytes;
    if (bytes.length > maxBytes * LARGEST_SHARE) return;
    const keys = [this.#entryOf(key), ...['used', 'sizes', 'bytes'].map((name) => `${this.#prefix}:${name}`)];
    await this.#attempt((redis) =>
      redis.eval(PUT, keys.length, ...keys, bytes, bytes.length, Date.now(), maxBytes, KEEP_SECONDS),
    );
  }

  close(): void {
    this.#redis.close();
  }

  #entryOf(key: string): string {
    return `${this.#prefix}:entry:${key}`;
  }

  async #attempt<T>(work: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#redis.ask(work);
    } catch (error) {
      // The connections say when Redis is away; this is what it refuses, such as an entry when its memory is full.
      if (!(error instanceof UnavailableError)) this.#warn(error);
      return undefined;
    }
  }

  #warn(error: unknown): void {
    const nowMs = performance.now();
    if (nowMs - this.#warnedMs < WARN_EVERY_MS) return;
    this.#warnedMs = nowMs;
    this.#logger.warn({ err: error }, 'Redis refuses to cache answers, which costs only speed');
  }
}
