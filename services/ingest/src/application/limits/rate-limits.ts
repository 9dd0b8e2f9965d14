import { RateLimitedError } from '@everflame/profile';

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

/**
 * A budget that fills up at a rate: at most `burst` at once and `ratePerSecond` over time. What asks for more than
 * `burst` is let through when the bucket is full, and the bucket owes it then. Time is the caller's, in ms of a clock that is never set.
 */
export class TokenBucket {
  readonly #ratePerMs: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  constructor(ratePerSecond: number, burst: number, nowMs: number) {
    this.#ratePerMs = ratePerSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /**
   * Takes `amount` and answers 0, or takes nothing and answers after how many ms, rounded up, it would be there. `reserve`
   * has to be left for others.
   */
  take(amount: number, nowMs: number, reserve = 0): number {
    this.#refill(nowMs);
    const needed = Math.min(amount + reserve, this.#burst);
    if (this.#tokens < needed) return Math.max(1, Math.ceil((needed - this.#tokens) / this.#ratePerMs));
    this.#tokens -= amount;
    return 0;
  }

  /** Whether nothing was taken lately, so that a new bucket would be the same. */
  isFull(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= this.#burst;
  }

  // A clock that is set back refills nothing; from then on it counts from there.
  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsedMs * this.#ratePerMs);
    this.#atMs = nowMs;
  }
}
