import type { Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { IngestLimits } from '../application/limits/limit-settings.ts';
import { ReceiveBudget } from '../application/limits/receive-budget.ts';
import type { Door, IngestMetrics } from './metrics.ts';

/** A request that has not arrived by then is answered with `request_timeout`. */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 120_000;
const SWEEP_MS = 100;

/**
 * Bounds the connections of the doors and the bytes they keep unfinished: a connection over either limit is closed and
 * counted.
 */
export class ConnectionLimit {
  readonly #maxConnections: number;
  readonly #budget: ReceiveBudget;
  readonly #metrics: IngestMetrics;
  readonly #sockets = new Map<string, { readonly socket: Socket; readonly door: Door }>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(limits: Pick<IngestLimits, 'connections' | 'receivingBytes'>, metrics: IngestMetrics) {
    this.#maxConnections = limits.connections;
    this.#budget = new ReceiveBudget(limits.receivingBytes);
    this.#metrics = metrics;
    metrics.watchReceivingBytes(() => this.#budget.unfinishedBytes);
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#sweeper.unref();
  }

  guard(server: Server, door: Door): void {
    server.maxConnections = this.#maxConnections;
    server.on('drop', () => this.#metrics.closedConnections.inc({ door, reason: 'limit_connections' }));
    server.on('connection', (socket: Socket) => {
      const peer = peerOf(socket);
      this.#sockets.set(peer, { socket, door });
      this.#budget.open(peer, () => socket.bytesRead);
      socket.once('close', () => {
        this.#sockets.delete(peer);
        this.#budget.close(peer);
      });
    });
  }

  /** As `guard`, and bounds how long a client may take to send a request. */
  guardHttp(server: HttpServer): void {
    this.guard(server, 'http');
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
  }

  /** A message from this peer, as gRPC and `peerOf` name it, has arrived completely. */
  settle(peer: string, bytes: number): void {
    this.#budget.settle(peer, bytes);
  }

  /** Bytes of a message from this peer were let go as they came. */
  letGo(peer: string, bytes: number): void {
    this.#budget.letGo(peer, bytes);
  }

  close(): void {
    clearInterval(this.#sweeper);
  }

  #sweep(): void {
    for (const peer of this.#budget.excess()) {
      const connection = this.#sockets.get(peer);
      if (connection === undefined) continue;
      this.#metrics.closedConnections.inc({ door: connection.door, reason: 'limit_receiving_bytes' });
      connection.socket.destroy();
    }
  }
}

/** The other end of a connection, written as gRPC writes it. */
export function peerOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
