import { randomUUID } from 'node:crypto';
import type {
  IncomingHttpHeaders,
  IncomingMessage,
  RequestListener,
  Server,
  ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { PushAnswer } from '@everflame/contract';
import { DEFAULT_HEADERS, errorAnswerOf, type Logger } from '@everflame/service-kit';
import { peerOf } from '../../connection-limit.ts';
import type { PushDoor } from '../../push-intake.ts';
import { incomingFromHttp } from '../../requests.ts';

export const PUSH_PATH = '/api/v1/profiles';
const JSON_TYPE = 'application/json; charset=utf-8';
const QUESTION_MARK = 0x3f;
const COMMON_HEADERS = DEFAULT_HEADERS.flat();

interface HttpPush {
  readonly url: string;
  readonly body: Uint8Array;
  readonly socket: Socket;
  readonly headers: IncomingHttpHeaders;
}

/** Stores the profile of a push over HTTP. Throws what it is refused for. */
export async function pushOverHttp(
  door: PushDoor,
  tenant: string,
  { url, body, socket, headers }: HttpPush,
): Promise<PushAnswer> {
  const query = url.split('?', 2)[1] ?? '';
  const arrival = { door: 'http', peer: peerOf(socket), messageBytes: body.length } as const;
  const key = String(headers['idempotency-key'] ?? '');
  const accepted = await door.push(arrival, body.length, () => incomingFromHttp(query, body, tenant, key));
  return {
    accepted: accepted.map(({ profileType, stacks, total }) => ({
      type: profileType,
      samples: stacks,
      total,
    })),
  };
}

export interface DirectPushOptions {
  readonly door: PushDoor;
  readonly tenant: string;
  readonly bodyLimitBytes: number;
  readonly logger: Logger;
  /** Whether the service takes no more requests. */
  readonly isClosing: () => boolean;
}

/**
 * Answers ordinary pushes on the server itself, and leaves all other requests to whoever answered them until now: the
 * way through the web framework takes more CPU time than everything else about a push. The answers are the same; a
 * push with anything out of the ordinary, such as a body in pieces or one over the limit, is left to the framework too.
 */
export function servePushesDirectly(server: Server, options: DirectPushOptions): void {
  const listeners = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const bodyBytes = options.isClosing() ? 0 : bodyBytesOf(request, options.bodyLimitBytes);
    if (bodyBytes > 0) takeBody(request, bodyBytes, (body) => void answer(request, body, response, options));
    else for (const listener of listeners) listener(request, response);
  });
}

/** Bytes of the body of a push that is served here, else 0. */
function bodyBytesOf({ method, url = '', headers }: IncomingMessage, limit: number): number {
  if (method !== 'POST' || !url.startsWith(PUSH_PATH) || url.includes('#')) return 0;
  if (url.length > PUSH_PATH.length && url.charCodeAt(PUSH_PATH.length) !== QUESTION_MARK) return 0;
  if (headers['transfer-encoding'] !== undefined) return 0;
  const bytes = Number(headers['content-length']);
  return bytes <= limit ? bytes : 0;
}

/** Calls back with the body, in memory of its own; never when the client goes away before. */
function takeBody(request: IncomingMessage, bytes: number, onBody: (body: Uint8Array) => void): void {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => onBody(joined(parts, bytes)));
}

function joined(parts: readonly Buffer[], bytes: number): Uint8Array {
  const [first] = parts;
  // Node's parser hands each piece on in memory of its own: of a body that came at once there is nothing to copy.
  if (first?.length === bytes && first.buffer.byteLength === bytes) return first;
  // What arrives is taken before memory for all of it, so that a length alone costs none.
  const body = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const part of parts) at += part.copy(body, at);
  return body;
}

async function answer(
  { url = '', socket, headers }: IncomingMessage,
  body: Uint8Array,
  response: ServerResponse,
  { door, tenant, logger }: DirectPushOptions,
): Promise<void> {
  try {
    const pushed = await pushOverHttp(door, tenant, { url, body, socket, headers });
    send(response, 201, JSON.stringify(pushed));
  } catch (error) {
    const requestId = randomUUID();
    const refusal = errorAnswerOf(error, requestId);
    if (refusal.isFault) logger.error({ err: error, requestId, url }, 'request failed');
    send(response, refusal.status, refusal.body, refusal.retryAfter);
  }
}

function send(response: ServerResponse, status: number, body: string, retryAfter?: string): void {
  const headers: string[] = [...COMMON_HEADERS];
  if (retryAfter !== undefined) headers.push('retry-after', retryAfter);
  headers.push('content-type', JSON_TYPE, 'content-length', String(Buffer.byteLength(body)));
  response.writeHead(status, headers).end(body);
}
