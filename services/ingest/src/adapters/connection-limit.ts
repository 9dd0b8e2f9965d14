import type { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';
import type { IngestMetrics } from './metrics.ts';

/** A request that has not arrived by then is answered with `request_timeout`. */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 120_000;

/** Bounds the connections of a door: what is over it is closed at once and counted. */
export class ConnectionLimit {
  readonly #maxConnections: number;
  readonly #metrics: IngestMetrics;

  constructor(maxConnections: number, metrics: IngestMetrics) {
    this.#maxConnections = maxConnections;
    this.#metrics = metrics;
  }

  guard(server: Server, door: 'grpc' | 'http'): void {
    server.maxConnections = this.#maxConnections;
    server.on('drop', () => this.#metrics.closedConnections.inc({ door }));
  }

  /** As `guard`, and bounds how long a client may take to send a request. */
  guardHttp(server: HttpServer): void {
    this.guard(server, 'http');
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
  }
}
