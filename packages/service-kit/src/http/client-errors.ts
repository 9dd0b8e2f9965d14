import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** What is answered to a request that is not looked at any further. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** The methods that there are instead. */
  readonly allow?: string;
}

/** Headers of every answer that has none of its own by these names. */
export const DEFAULT_HEADERS = [
  ['x-content-type-options', 'nosniff'],
  ['cache-control', 'no-store'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'same-origin'],
] as const;

const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: 'limit_header_bytes',
    message: 'The address and the headers are longer than 16 KiB together.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: 'request_timeout',
    message: 'The request did not arrive completely in time.',
  },
};
const MALFORMED: Refusal = {
  status: 400,
  code: 'malformed_request',
  message: 'The bytes are no HTTP request.',
};

/** Answers what Node's HTTP parser refuses, in the shape of every other error, and closes the connection. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  answerOnSocket(socket, REFUSALS[error.code ?? ''] ?? MALFORMED);
}

/** Answers where there is no request that could be answered, and closes the connection. */
export function answerOnSocket(socket: Socket, refusal: Refusal): void {
  const { status, allow } = refusal;
  const body = refusalBody(refusal, '');
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...DEFAULT_HEADERS.map(([name, value]) => `${name}: ${value}`),
    ...(allow === undefined ? [] : [`Allow: ${allow}`]),
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** The refusal as JSON, in the shape of every other error. */
export function refusalBody({ code, message, hint }: Refusal, requestId: string): string {
  return JSON.stringify({ error: { code, message, hint, requestId } });
}
