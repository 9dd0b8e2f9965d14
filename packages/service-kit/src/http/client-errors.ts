import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { answerOf, type Refusal } from './error-answer.ts';

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
  const { status, headers, body } = answerOf(refusal, '');
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
