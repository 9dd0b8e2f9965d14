import type { Logger } from '@everflame/service-kit';
import { Redis } from 'ioredis';
import { AnswerCache } from '../application/cache/answer-cache.ts';

export interface RedisAnswerCacheOptions {
  readonly url: string;
  /** Of all entries together. */
  readonly maxBytes: number;
  /** Tells installations apart that share a Redis. */
  readonly scope: string;
}

/** Slower than this and asking ClickHouse is as good. */
const COMMAND_TIMEOUT_MS = 500;
const MAX_RECONNECT_DELAY_MS = 2000;
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

/** Entries in Redis within a budget in bytes, the least recently used ones leave first. Without Redis it keeps nothing. */
export class RedisAnswerCache extends AnswerCache {
  private readonly redis: Redis;
  private readonly options: RedisAnswerCacheOptions;
  private readonly logger: Logger;
  private readonly prefix: string;
  private warnedMs = -WARN_EVERY_MS;

  constructor(options: RedisAnswerCacheOptions, logger: Logger) {
    super();
    this.options = options;
    this.logger = logger;
    // The braces keep all keys on one node of a Redis cluster, as the script needs.
    this.prefix = `{everflame:query:${options.scope}}`;
    this.redis = new Redis(options.url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      commandTimeout: COMMAND_TIMEOUT_MS,
      retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RECONNECT_DELAY_MS),
    });
    this.redis.on('error', (error: Error) => this.warn(error));
  }

  override async get(key: string): Promise<Buffer | undefined> {
    const entry = this.entryOf(key);
    return this.attempt(async () => {
      const bytes = await this.redis.getBuffer(entry);
      if (bytes === null) return undefined;
      await this.redis.zadd(`${this.prefix}:used`, 'XX', Date.now(), entry);
      return bytes;
    });
  }

  override async put(key: string, bytes: Buffer): Promise<void> {
    const { maxBytes } = this.options;
    if (bytes.length > maxBytes * LARGEST_SHARE) return;
    const keys = [this.entryOf(key), ...['used', 'sizes', 'bytes'].map((name) => `${this.prefix}:${name}`)];
    await this.attempt(() =>
      this.redis.eval(PUT, keys.length, ...keys, bytes, bytes.length, Date.now(), maxBytes, KEEP_SECONDS),
    );
  }

  close(): void {
    this.redis.disconnect();
  }

  private entryOf(key: string): string {
    return `${this.prefix}:entry:${key}`;
  }

  private async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.redis.status !== 'ready') return undefined;
    try {
      return await work();
    } catch (error) {
      this.warn(error);
      return undefined;
    }
  }

  private warn(error: unknown): void {
    const nowMs = performance.now();
    if (nowMs - this.warnedMs < WARN_EVERY_MS) return;
    this.warnedMs = nowMs;
    this.logger.warn({ err: error }, 'redis does not answer: answers are not kept, which costs only speed');
  }
}
