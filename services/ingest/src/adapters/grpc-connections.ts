import { constants, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
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
  const placed = new WeakMap<ServerHttp2Session, Place>();
  const refused = new Map<ServerHttp2Session, PlaceReason>();
  server.on('session', (session) => {
    const place = places.enter({
      address: session.socket.remoteAddress ?? '',
      bytesRead: () => (session.destroyed ? 0 : session.socket.bytesRead),
      close: (reason, isStalled) => {
        onClosed(reason);
        if (isStalled) endNow(session);
        else endSoon(session);
      },
    });
    if (place instanceof Place) {
      placed.set(session, place);
      session.once('close', () => places.leave(place));
      return;
    }
    onClosed(place);
    if (refused.size >= MAX_REFUSALS) {
      endNow(session);
      return;
    }
    refused.set(session, place);
    session.once('close', () => refused.delete(session));
    destroyLater(session);
  });
  const listeners = server.listeners('stream') as StreamListener[];
  server.removeAllListeners('stream');
  server.on('stream', (stream: ServerHttp2Stream, ...rest: readonly unknown[]) => {
    const { session } = stream;
    const reason = session === undefined ? undefined : refused.get(session as ServerHttp2Session);
    if (session !== undefined && reason !== undefined) {
      refuse(stream, reason);
      return;
    }
    const place = session === undefined ? undefined : placed.get(session as ServerHttp2Session);
    if (place !== undefined) {
      places.begin(place);
      stream.once('close', () => places.end(place));
    }
    for (const listener of listeners) listener(stream, ...rest);
  });
}

/** Tells the client to call elsewhere, and closes the connection once it has no calls. */
function endSoon(session: ServerHttp2Session): void {
  session.close();
  destroyLater(session);
}

function endNow(session: ServerHttp2Session): void {
  session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
}

function destroyLater(session: ServerHttp2Session): void {
  const timer = setTimeout(() => endNow(session), REFUSAL_MS);
  timer.unref();
  session.once('close', () => clearTimeout(timer));
}

/** Ends a call with a status of gRPC, as the service itself would. */
function refuse(stream: ServerHttp2Stream, reason: PlaceReason): void {
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
