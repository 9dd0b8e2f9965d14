import type { SealedSegment } from './segment.ts';

/** Sealed segments in the order of their records. Only the first few keep their records in memory. */
export class SegmentQueue {
  readonly #segments: SealedSegment[] = [];
  readonly #maxInMemory: number;
  #bytes = 0;
  #onPush: (() => void) | undefined;

  constructor(maxInMemory: number) {
    this.#maxInMemory = maxInMemory;
  }

  get size(): number {
    return this.#segments.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get inMemory(): number {
    return this.#segments.filter(({ records }) => records !== undefined).length;
  }

  /** The segment that is to be inserted next; it stays in the queue until `shift`. */
  get head(): SealedSegment | undefined {
    return this.#segments[0];
  }

  push(segment: SealedSegment): void {
    const isKept = this.#segments.length < this.#maxInMemory;
    this.#segments.push(isKept ? segment : { ...segment, records: undefined });
    this.#bytes += segment.bytes;
    this.wake();
  }

  shift(): void {
    this.#bytes -= this.#segments.shift()?.bytes ?? 0;
  }

  /** Resolves when there is a segment, or when it is woken. */
  async waitForHead(): Promise<void> {
    if (this.#segments.length > 0) return;
    await new Promise<void>((resolve) => (this.#onPush = resolve));
  }

  wake(): void {
    this.#onPush?.();
    this.#onPush = undefined;
  }
}
