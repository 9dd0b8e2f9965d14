/** The clock of a server, as the `Date` of its answers has it: to a second, whatever becomes of the clock of this machine. */
export class ServerClock {
  /** What the server's clock is ahead of `performance.now()`. */
  #aheadMs: number | undefined;

  /** Unix ms; the clock of this machine before the first answer. */
  get nowMs(): number {
    return this.#aheadMs === undefined ? Date.now() : performance.now() + this.#aheadMs;
  }

  /** Takes the `Date` header of an answer that has just arrived. */
  heard(date: unknown): void {
    const dateMs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
    if (!Number.isNaN(dateMs)) this.#aheadMs = dateMs - performance.now();
  }
}
