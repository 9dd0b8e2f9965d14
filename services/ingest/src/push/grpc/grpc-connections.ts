import { constants, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import {
  connectionRefusal,
  type ConnectionPlaces,
  MAX_REFUSALS,
  Place,
  type PlaceReason,
  REFUSAL_MS,
  STATUS_BY_KIND,
} from '@everflame/service-kit';

type StreamListener = (stream: ServerHttp2Stream, ...rest: readonly unknown[]) => void;

/**
 * Gives every connection of a gRPC server one of the places. On one for which there is none every call is refused with
 * the reason, and it is closed soon. To be called when the server has all its listeners. `onClosed` is told of every
 * connection that is closed for want of a place.
 */
export function guardGrpcConnections(
  server: Http2Server,
  places: ConnectionPlaces,
  onClosed: (reason: PlaceReason) => void,
): void {
  const guard = new GrpcGuard(places, onClosed);
  let latest: ServerHttp2Session | undefined;
  server.on('session', (session) => (latest = session));
  // Node makes the session of a connection before others are told of the connection.
  server.on('connection', (socket: Socket) => {
    if (latest !== undefined) guard.open(socket, latest);
  });
  const listeners = server.listeners('stream') as StreamListener[];
  server.removeAllListeners('stream');
  server.on('stream', (stream: ServerHttp2Stream, ...rest: readonly unknown[]) => {
    if (guard.admit(stream)) for (const listener of listeners) listener(stream, ...rest);
  });
}

class GrpcGuard {
  readonly #places: ConnectionPlaces;
  readonly #onClosed: (reason: PlaceReason) => void;
  readonly #placed = new WeakMap<object, Place>();
  readonly #refused = new Map<object, PlaceReason>();

  constructor(places: ConnectionPlaces, onClosed: (reason: PlaceReason) => void) {
    this.#places = places;
    this.#onClosed = onClosed;
  }

  open(socket: Socket, session: ServerHttp2Session): void {
    // A client that does not close its end would keep the connection of a session that is over.
    session.once('close', () => destroyLater(socket));
    const place = this.#places.enter({
      address: socket.remoteAddress ?? '',
      bytesRead: () => socket.bytesRead,
      close: (reason, isStalled) => {
        this.#onClosed(reason);
        if (isStalled) endNow(session);
        else session.close();
        destroyLater(socket);
      },
    });
    if (place instanceof Place) {
      this.#placed.set(session, place);
      socket.once('close', () => this.#places.leave(place));
    } else this.#refuse(socket, session, place);
  }

  /** Counts the stream for its connection; false when it is refused. */
  admit(stream: ServerHttp2Stream): boolean {
    const { session } = stream;
    if (session === undefined) return true;
    const reason = this.#refused.get(session);
    if (reason !== undefined) {
      refuseCall(stream, reason);
      return false;
    }
    const place = this.#placed.get(session);
    if (place !== undefined) {
      this.#places.begin(place);
      stream.once('close', () => this.#places.end(place));
    }
    return true;
  }

  #refuse(socket: Socket, session: ServerHttp2Session, reason: PlaceReason): void {
    this.#onClosed(reason);
    destroyLater(socket);
    if (this.#refused.size >= MAX_REFUSALS) {
      endNow(session);
      return;
    }
    this.#refused.set(session, reason);
    socket.once('close', () => this.#refused.delete(session));
  }
}

function endNow(session: ServerHttp2Session): void {
  session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
}

function destroyLater(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), REFUSAL_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

/** Ends a call with a status of gRPC, as the service itself would. */
function refuseCall(stream: ServerHttp2Stream, reason: PlaceReason): void {
  const refusal = connectionRefusal(reason);
  stream.on('error', () => undefined);
  stream.resume();
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-status': STATUS_BY_KIND[refusal.kind].grpc,
      'grpc-message': encodeURI(`${refusal.code}: ${refusal.message}`),
      'everflame-code': refusal.code,
      'everflame-hint': refusal.hint,
      'everflame-retry-after-ms': String(refusal.retryAfterMs),
    },
    { endStream: true },
  );
  stream.session?.close();
}
