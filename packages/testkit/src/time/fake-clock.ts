/** A clock that stands still until it is moved. Milliseconds since the epoch. */
export class FakeClock {
  #nowMs: number;

  constructor(nowMs: number | string | Date = '2026-01-15T12:00:00Z') {
    this.#nowMs = new Date(nowMs).getTime();
  }

  now(): number {
    return this.#nowMs;
  }

  advance(durationMs: number): void {
    this.#nowMs += durationMs;
  }

  set(nowMs: number | string | Date): void {
    this.#nowMs = new Date(nowMs).getTime();
  }
}
