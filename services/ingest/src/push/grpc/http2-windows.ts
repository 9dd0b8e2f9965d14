import http2 from 'node:http2';

/**
 * Bytes that a peer may send on a stream, and on a connection, before they are read. Node's 64 KiB let a sender send
 * no more than that per round trip: 3 MB/s at 20 ms.
 */
const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
const SESSION_WINDOW_BYTES = 16 * 1024 * 1024;

/**
 * Runs `start` so that HTTP/2 servers without TLS that are created meanwhile have larger receive windows, and answers
 * these servers. For grpc-js,
 * whose server has no option for them (docs/adr/0006-receive-windows.md).
 */
export async function withReceiveWindows(start: () => Promise<void>): Promise<readonly http2.Http2Server[]> {
  const { createServer } = http2;
  const servers: http2.Http2Server[] = [];
  const createWithWindows = (
    options: http2.ServerOptions,
    onRequest?: (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void,
  ): http2.Http2Server => {
    const settings = { ...options.settings, initialWindowSize: STREAM_WINDOW_BYTES };
    const server = createServer({ ...options, settings }, onRequest);
    server.on('session', (session) => session.setLocalWindowSize(SESSION_WINDOW_BYTES));
    servers.push(server);
    return server;
  };
  http2.createServer = createWithWindows as typeof createServer;
  try {
    await start();
    return servers;
  } finally {
    http2.createServer = createServer;
  }
}
