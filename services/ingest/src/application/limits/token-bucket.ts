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
