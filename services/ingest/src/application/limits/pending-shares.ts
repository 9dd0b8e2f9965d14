/** Flattening adds the rows of a profile to its bytes, twice as many at times, after it was let in: they need room, too. */
const SHARE_OF_FREE = 0.25;

/**
 * Bytes of profiles on their way to the disk, by who sent them. Each sender may have a quarter of what is free: one that
 * sends all it can gets a fifth of the room, two a sixth each, and who has little on its way is the last to be refused.
 */
export class PendingShares {
  readonly #maxBytes: number;
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the sender may add a profile of so many bytes. While there is none at all, one of any size is taken. */
  hasRoom(sender: string, bytes: number): boolean {
    if (this.#bytes === 0) return true;
    const share = SHARE_OF_FREE * (this.#maxBytes - this.#bytes);
    return (this.#bytesOf.get(sender) ?? 0) + bytes <= share;
  }

  /** `bytes` is less than 0 for what is no longer on its way. */
  add(sender: string, bytes: number): void {
    this.#bytes += bytes;
    const left = (this.#bytesOf.get(sender) ?? 0) + bytes;
    if (left > 0) this.#bytesOf.set(sender, left);
    else this.#bytesOf.delete(sender);
  }
}
