/** How long what was sent counts, and up to twice as long. */
const WINDOW_MS = 5000;
/** Senders that are told apart; all others count as one. */
const MAX_SENDERS = 10_000;
const OTHERS = '';

/**
 * Bytes that senders sent lately, in this window and the one before. Where there is too little for all, it is for those
 * who sent no more than the mean; alone, a sender is the mean. Time is the caller's, in ms of a clock that is never set.
 */
export class RecentBytes {
  #recent = new Map<string, number>();
  #earlier = new Map<string, number>();
  #sinceMs = 0;
  #recentTotal = 0;
  #total = 0;
  /** Senders of both windows, each once. */
  #senders = 0;

  add(sender: string, bytes: number, nowMs: number): void {
    this.#turn(nowMs);
    const isKnown = this.#recent.has(sender);
    const key = isKnown || this.#recent.size < MAX_SENDERS ? sender : OTHERS;
    if (!this.#recent.has(key) && !this.#earlier.has(key)) this.#senders += 1;
    this.#recent.set(key, (this.#recent.get(key) ?? 0) + bytes);
    this.#recentTotal += bytes;
    this.#total += bytes;
  }

  isAboveMean(sender: string, nowMs: number): boolean {
    this.#turn(nowMs);
    const sent = (this.#recent.get(sender) ?? 0) + (this.#earlier.get(sender) ?? 0);
    return sent * this.#senders > this.#total;
  }

  #turn(nowMs: number): void {
    const elapsedMs = nowMs - this.#sinceMs;
    if (elapsedMs < WINDOW_MS) return;
    const isOld = elapsedMs >= 2 * WINDOW_MS;
    this.#earlier = isOld ? new Map<string, number>() : this.#recent;
    this.#total = isOld ? 0 : this.#recentTotal;
    this.#recent = new Map<string, number>();
    this.#recentTotal = 0;
    this.#senders = this.#earlier.size;
    this.#sinceMs = nowMs;
  }
}
