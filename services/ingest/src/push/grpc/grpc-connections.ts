import {
  constants,
  type Http2Server,
  type Http2Session,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import {
  ConnectionGuard,
  connectionRefusal,
  type ConnectionPlaces,
  destroyLater,
  type PlaceReason,
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
  const guard = new ConnectionGuard<Http2Session>(places, onClosed);
  let latest: ServerHttp2Session | undefined;
  server.on('session', (session) => (latest = session));
  // Node makes the session of a connection before others are told of the connection.
  server.on('connection', (socket: Socket) => {
    if (latest !== undefined) openSession(guard, socket, latest);
  });
  const listeners = server.listeners('stream') as StreamListener[];
  server.removeAllListeners('stream');
  server.on('stream', (stream: ServerHttp2Stream, ...rest: readonly unknown[]) => {
    const reason = stream.session && guard.begin(stream.session, stream);
    if (reason !== undefined) refuseCall(stream, reason);
    else for (const listener of listeners) listener(stream, ...rest);
  });
}

function openSession(
  guard: ConnectionGuard<Http2Session>,
  socket: Socket,
  session: ServerHttp2Session,
): void {
  // A client that does not close its end would keep the connection of a session that is over.
  session.once('close', () => destroyLater(socket));
  const drop = (): void => session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  const close = (isStalled: boolean): void => {
    if (isStalled) drop();
    else session.close();
    destroyLater(socket);
  };
  guard.open(socket, session, { close, drop });
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
