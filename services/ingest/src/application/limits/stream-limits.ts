import { RateLimitedError } from '@everflame/profile';

const RETRY_AFTER_MS = 5000;

/** Streams that are open at once, per address of a client. */
export class StreamLimits {
  readonly #maxPerClient: number;
  readonly #open = new Map<string, number>();

  constructor(maxPerClient: number) {
    this.#maxPerClient = maxPerClient;
  }

  /** Streams that are open now. */
  get count(): number {
    let count = 0;
    for (const ofClient of this.#open.values()) count += ofClient;
    return count;
  }

  /**
   * Opens a stream of a client; call what it returns once the stream has ended, any number of times.
   * Throws `RateLimitedError` (`limit_streams`) when the client has too many.
   */
  open(client: string): () => void {
    const open = this.#open.get(client) ?? 0;
    if (open >= this.#maxPerClient) {
      throw new RateLimitedError(
        'limit_streams',
        `streams is limited to ${this.#maxPerClient} per client; ${client} has ${open} open.`,
        RETRY_AFTER_MS,
      );
    }
    this.#open.set(client, open + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      const left = (this.#open.get(client) ?? 1) - 1;
      if (left === 0) this.#open.delete(client);
      else this.#open.set(client, left);
    };
  }
}

/** The address in `10.0.0.7:51234` or `[::1]:51234`: one client, whatever port it calls from. */
export function clientOf(peer: string): string {
  return peer.replace(/^ipv[46]:/, '').replace(/:\d+$/, '');
}
