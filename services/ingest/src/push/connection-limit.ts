import type { Server as HttpServer } from 'node:http';
import type { Http2Server } from 'node:http2';
import type { Server, Socket } from 'node:net';
import {
  ConnectionPlaces,
  guardHttpConnections,
  MAX_REFUSALS,
  type PlaceLimits,
  watchGauge,
} from '@everflame/service-kit';
import type { IngestLimits } from '../application/limits/limit-settings.ts';
import { ReceiveBudget } from '../application/limits/receive-budget.ts';
import { guardGrpcConnections } from './grpc/grpc-connections.ts';
import type { IngestMetrics, Transport } from '../adapters/metrics.ts';

const SWEEP_MS = 100;

type ConnectionLimits = PlaceLimits & Pick<IngestLimits, 'receivingBytes'>;

/**
 * Bounds the connections of all transports, in all and per address, and the bytes they keep unfinished: what is over a limit
 * is closed and counted.
 */
export class ConnectionLimit {
  /** Of bytes by peer, as gRPC and `peerOf` name it. */
  readonly budget: ReceiveBudget;
  readonly #limits: ConnectionLimits;
  readonly #metrics: IngestMetrics;
  readonly #places: ConnectionPlaces[] = [];
  readonly #sockets = new Map<string, { readonly socket: Socket; readonly transport: Transport }>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(limits: ConnectionLimits, metrics: IngestMetrics) {
    this.#limits = limits;
    this.budget = new ReceiveBudget(limits.receivingBytes);
    this.#metrics = metrics;
    const help = 'Bytes of messages that are not complete.';
    const unfinished = () => this.budget.unfinishedBytes;
    watchGauge(metrics.registry, 'everflame_ingest_receiving_bytes', help, unfinished);
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#sweeper.unref();
  }

  /** To be called when the server has all its listeners. */
  guardGrpc(server: Http2Server): void {
    this.#countBytes(server, 'grpc');
    guardGrpcConnections(server, this.#newPlaces(), (reason) => this.#countClosed('grpc', reason));
  }

  /** As `guardGrpc`. */
  guardHttp(server: HttpServer): void {
    this.#countBytes(server, 'http');
    guardHttpConnections(server, this.#newPlaces(), (reason) => this.#countClosed('http', reason));
  }

  #newPlaces(): ConnectionPlaces {
    const places = new ConnectionPlaces(this.#limits);
    this.#places.push(places);
    return places;
  }

  #countClosed(transport: Transport, reason: string): void {
    this.#metrics.closedConnections.inc({ transport, reason });
  }

  #countBytes(server: Server, transport: Transport): void {
    server.maxConnections = this.#limits.connections + MAX_REFUSALS;
    server.on('drop', () => this.#countClosed(transport, 'limit_connections'));
    server.on('connection', (socket: Socket) => {
      const peer = peerOf(socket);
      this.#sockets.set(peer, { socket, transport });
      this.budget.open(peer, () => socket.bytesRead);
      socket.once('close', () => {
        this.#sockets.delete(peer);
        this.budget.close(peer);
      });
    });
  }

  close(): void {
    clearInterval(this.#sweeper);
  }

  #sweep(): void {
    for (const places of this.#places) places.look();
    for (const peer of this.budget.excess()) {
      const connection = this.#sockets.get(peer);
      if (connection === undefined) continue;
      this.#countClosed(connection.transport, 'limit_receiving_bytes');
      connection.socket.destroy();
    }
  }
}

/** The other end of a connection, written as gRPC writes it. */
export function peerOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
