/** What a message may take on the wire besides its profile: labels, frames, headers. */
const OVERHEAD_BYTES = 1024;
const OVERHEAD_RATIO = 1.01;

interface Connection {
  readonly bytesRead: () => number;
  /** Bytes that belong to messages that are complete. */
  settled: number;
}

/**
 * Bytes of messages that have begun to arrive and are not complete, over all connections. Whoever holds most of them has
 * to go when there are too many, so that clients that never finish cannot fill the memory.
 */
export class ReceiveBudget {
  readonly #maxBytes: number;
  readonly #connections = new Map<string, Connection>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Adds the connection of a peer; `bytesRead` counts all bytes that came in through it. */
  open(peer: string, bytesRead: () => number): void {
    this.#connections.set(peer, { bytesRead, settled: 0 });
  }

  close(peer: string): void {
    this.#connections.delete(peer);
  }

  /** A message of the peer with a profile of `bytes` is complete. */
  settle(peer: string, bytes: number): void {
    const connection = this.#connections.get(peer);
    if (connection === undefined) return;
    const settled = connection.settled + bytes * OVERHEAD_RATIO + OVERHEAD_BYTES;
    connection.settled = Math.min(connection.bytesRead(), settled);
  }

  /** So many bytes of the peer were let go as they came: they are of no message, and take no memory. */
  letGo(peer: string, bytes: number): void {
    const connection = this.#connections.get(peer);
    if (connection !== undefined) connection.settled += bytes;
  }

  get unfinishedBytes(): number {
    let sum = 0;
    for (const connection of this.#connections.values()) sum += unfinishedOf(connection);
    return sum;
  }

  /** The peers to disconnect, those with the most unfinished bytes first, until the rest is within the budget. */
  excess(): readonly string[] {
    let over = this.unfinishedBytes - this.#maxBytes;
    if (over <= 0) return [];
    const heaviest = [...this.#connections]
      .map(([peer, connection]) => ({ peer, unfinished: unfinishedOf(connection) }))
      .toSorted((a, b) => b.unfinished - a.unfinished);
    const peers: string[] = [];
    for (const { peer, unfinished } of heaviest) {
      if (over <= 0) break;
      over -= unfinished;
      peers.push(peer);
    }
    return peers;
  }
}

function unfinishedOf({ bytesRead, settled }: Connection): number {
  return Math.max(0, bytesRead() - settled);
}
