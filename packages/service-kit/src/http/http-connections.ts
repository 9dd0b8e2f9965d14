import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { RateLimitedError } from '@everflame/profile';
import { answerClientError } from './client-errors.ts';
import { ConnectionGuard, ConnectionPlaces, MAX_REFUSALS, type PlaceReason } from './connection-places.ts';
import { errorAnswerOf, sendAnswer } from './error-answer.ts';
import { answerFirst } from './request-guard.ts';
import { Counter, type Registry } from '../metrics.ts';

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
 * connection for which there is no place is answered its request with the reason and closed. To be called when the
 * server has all its listeners. `onClosed` is told of every connection that is closed for want of a place.
 */
export function guardHttpConnections(
  server: Server,
  places: ConnectionPlaces,
  onClosed: (reason: PlaceReason) => void,
): void {
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  const guard = new ConnectionGuard<Socket>(places, onClosed);
  server.on('connection', (socket: Socket) => {
    const close = (isStalled: boolean): void => closeHttp(socket, isStalled);
    guard.open(socket, socket, { close, drop: () => socket.destroy() });
  });
  answerFirst(server, (request, response) => {
    const reason = guard.begin(request.socket, response);
    if (reason !== undefined) answerRefused(request, response, reason);
    return reason !== undefined;
  });
}

function closeHttp(socket: Socket, isStalled: boolean): void {
  if (isStalled) {
    answerClientError(Object.assign(new Error('stalled'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
  }
  socket.destroySoon();
}

/** Tells the client of a connection that has no place why, in answer to its request, so that it reads it. */
function answerRefused(request: IncomingMessage, response: ServerResponse, reason: PlaceReason): void {
  // Answered before the request is read, the client could be reset before it reads the answer.
  request.resume();
  request.once('end', () => {
    response.setHeader('connection', 'close');
    sendAnswer(response, errorAnswerOf(connectionRefusal(reason), randomUUID()));
  });
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
