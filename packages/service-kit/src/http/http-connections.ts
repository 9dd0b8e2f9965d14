import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { RateLimitedError } from '@everflame/profile';
import { answerClientError } from './client-errors.ts';
import { ConnectionPlaces, Place, type PlaceReason } from './connection-places.ts';
import { errorAnswerOf } from './domain-error.filter.ts';
import { Counter, type Registry } from '../metrics.ts';

/** Connections beyond the limit that wait to be told so; more are closed without a word. */
export const MAX_REFUSALS = 256;
/** How long a connection that is refused may take to ask, and to be told. */
export const REFUSAL_MS = 1000;
const RETRY_AFTER_MS = 1000;
/** A request that has not arrived by then is answered with `request_timeout`. */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 120_000;
const LOOK_MS = 1000;
/** Of a door whose service has no settings for them. */
const DEFAULT_LIMITS = { connections: 1024, connectionsPerAddress: 512 };

/** Why there is no place for a connection, as its client is told. */
export function connectionRefusal(reason: PlaceReason): RateLimitedError {
  const whose = reason === 'limit_connections' ? '' : ' from this address';
  return new RateLimitedError(reason, `There are too many connections${whose}.`, RETRY_AFTER_MS);
}

/**
 * Gives every connection of a server one of the places, and bounds how long a client may take to send a request. A
 * connection for which there is no place is answered its request with the reason and closed. To be called when the server has all its listeners. `onClosed` is told of every connection that is
 * closed for want of a place.
 */
export function guardHttpConnections(
  server: Server,
  places: ConnectionPlaces,
  onClosed: (reason: PlaceReason) => void,
): void {
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  const placed = new WeakMap<Socket, Place>();
  const refused = new Map<Socket, HttpRefusal>();
  server.on('connection', (socket: Socket) => {
    const place = places.enter({
      address: socket.remoteAddress ?? '',
      bytesRead: () => socket.bytesRead,
      close: (reason, isStalled) => {
        onClosed(reason);
        closeHttp(socket, isStalled);
      },
    });
    if (place instanceof Place) {
      placed.set(socket, place);
      socket.once('close', () => places.leave(place));
      return;
    }
    onClosed(place);
    if (refused.size >= MAX_REFUSALS) {
      socket.destroy();
      return;
    }
    refused.set(socket, new HttpRefusal(socket, place));
    socket.once('close', () => refused.delete(socket));
  });
  const listeners = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const refusal = refused.get(request.socket);
    if (refusal !== undefined) {
      refusal.answer(request, response);
      return;
    }
    const place = placed.get(request.socket);
    if (place !== undefined) {
      places.begin(place);
      response.once('close', () => places.end(place));
    }
    for (const listener of listeners) listener(request, response);
  });
}

function closeHttp(socket: Socket, isStalled: boolean): void {
  if (!isStalled) {
    socket.destroySoon();
    return;
  }
  answerClientError(Object.assign(new Error('stalled'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
  socket.destroySoon();
}

/** A connection that has no place: it is told why in answer to its request, so that its client reads it. */
class HttpRefusal {
  readonly #socket: Socket;
  readonly #reason: PlaceReason;

  constructor(socket: Socket, reason: PlaceReason) {
    this.#socket = socket;
    this.#reason = reason;
    const timer = setTimeout(() => this.#socket.destroy(), REFUSAL_MS);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    // Answered before the request is read, the client could be reset before it reads the answer.
    request.resume();
    request.once('end', () => {
      const { status, body, retryAfter } = errorAnswerOf(connectionRefusal(this.#reason), randomUUID());
      response.writeHead(status, {
        connection: 'close',
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(body),
        'retry-after': retryAfter ?? '1',
      });
      response.end(body);
    });
  }
}

/** Bounds the connections of a service's HTTP door, and counts those that are closed for it. */
export function boundConnections(server: Server, metrics: Registry): void {
  const closed = new Counter({
    name: 'everflame_closed_connections_total',
    help: 'Connections that were closed by the limit that is the reason.',
    labelNames: ['reason'] as const,
    registers: [metrics],
  });
  const places = new ConnectionPlaces(DEFAULT_LIMITS);
  server.maxConnections = DEFAULT_LIMITS.connections + MAX_REFUSALS;
  server.on('drop', () => closed.inc({ reason: 'limit_connections' }));
  guardHttpConnections(server, places, (reason) => closed.inc({ reason }));
  const looking = setInterval(() => places.look(), LOOK_MS);
  looking.unref();
  server.once('close', () => clearInterval(looking));
}
