import { RateLimitedError } from '@everflame/profile';
import { TokenBucket } from './token-bucket.ts';

/** Tenants that are remembered; the buckets of those that send nothing are full and need not be. */
const MAX_TENANTS = 10_000;

/** Bytes per second of each tenant. */
export class RateLimits {
  readonly #ratePerSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(ratePerSecond: number, burst: number) {
    this.#ratePerSecond = ratePerSecond;
    this.#burst = burst;
  }

  /**
   * Throws `RateLimitedError` (`limit_rate_bytes`) with the delay after which the tenant may send that much. Half of what may
   * be sent at once is for those who do not send more than others.
   */
  admit(tenant: string, bytes: number, nowMs: number, sendsMost = false): void {
    const waitMs = this.#bucketOf(tenant, nowMs).take(bytes, nowMs, sendsMost ? this.#burst / 2 : 0);
    if (waitMs === 0) return;
    throw new RateLimitedError(
      'limit_rate_bytes',
      `rate_bytes is limited to ${this.#ratePerSecond} bytes per second, ${this.#burst} at once; ` +
        `got ${bytes} bytes too early.`,
      waitMs,
    );
  }

  #bucketOf(tenant: string, nowMs: number): TokenBucket {
    const known = this.#buckets.get(tenant);
    if (known !== undefined) return known;
    if (this.#buckets.size >= MAX_TENANTS) this.#forgetIdle(nowMs);
    const bucket = new TokenBucket(this.#ratePerSecond, this.#burst, nowMs);
    this.#buckets.set(tenant, bucket);
    return bucket;
  }

  #forgetIdle(nowMs: number): void {
    for (const [tenant, bucket] of this.#buckets) if (bucket.isFull(nowMs)) this.#buckets.delete(tenant);
  }
}
