/**
 * Bytes of profiles on their way to the disk, by who sent them. Each sender may have as many as are free: one that sends all it
 * can leaves half of the room to others, two of them a third, and who has nothing on its way is the last to be refused.
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
    return this.#bytes === 0 || (this.#bytesOf.get(sender) ?? 0) + bytes <= this.#maxBytes - this.#bytes;
  }

  /** `bytes` is less than 0 for what is no longer on its way. */
  add(sender: string, bytes: number): void {
    this.#bytes += bytes;
    const left = (this.#bytesOf.get(sender) ?? 0) + bytes;
    if (left > 0) this.#bytesOf.set(sender, left);
    else this.#bytesOf.delete(sender);
  }
}
