import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { LimitExceededError, UnavailableError } from '@everflame/profile';
import {
  answerFirst,
  type Authenticate,
  DEFAULT_HEADERS,
  errorAnswerOf,
  isFault,
  type Logger,
  type Principal,
  sendAnswer,
} from '@everflame/service-kit';
import { peerOf } from '../connection-limit.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const COMMON_HEADERS = Object.entries(DEFAULT_HEADERS).flat();

/** A request with a profile, all of it. */
export interface HttpPush {
  /** What is behind the `?` of its address. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** In memory of its own. */
  readonly body: Uint8Array;
  /** The other end of the connection, as `host:port`. */
  readonly peer: string;
}

/** One way to push a profile over HTTP. A protocol has as many as it has paths; all are given to `servePushRoutes`. */
export interface HttpPushRoute {
  /** What is posted to this path comes here. */
  readonly path: string;
  /** Resolves with the answer, whose body is sent as JSON; throws what the push is refused for. */
  push(caller: Principal, push: HttpPush): Promise<{ readonly status: number; readonly body: unknown }>;
}

export interface PushRoutesOptions {
  readonly authenticate: Authenticate;
  readonly bodyLimitBytes: number;
  readonly logger: Logger;
}

/**
 * Answers pushes on the server itself, and leaves all other requests to those who answer them: through a route of the web
 * framework a push takes half as much CPU time again (docs/adr/0022-one-http-route.md). A body is bytes whatever its
 * content type says.
 */
export function servePushRoutes(
  server: Server,
  routes: readonly HttpPushRoute[],
  options: PushRoutesOptions,
): void {
  const routeOf = new Map(routes.map((route) => [route.path, route]));
  answerFirst(server, (request, response) => {
    if (request.method !== 'POST') return false;
    const { path, query } = addressOf(request.url ?? '');
    const route = routeOf.get(path);
    if (route === undefined) return false;
    const answer = new PushAnswering(request, response, options);
    if (!server.listening) answer.refuse(new UnavailableError('shutting_down', 'The service is stopping.'));
    else answer.takeBody((body) => void answer.push(route, query, body));
    return true;
  });
}

/** One request, from its head to the answer. */
class PushAnswering {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: PushRoutesOptions;

  constructor(request: IncomingMessage, response: ServerResponse, options: PushRoutesOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
  }

  /** Calls back with the body; never where the client goes away before, or sends too much. */
  takeBody(onBody: (body: Uint8Array) => void): void {
    const request = this.#request;
    const { bodyLimitBytes: limit } = this.#options;
    const stated = Number(request.headers['content-length'] ?? 0);
    const parts: Buffer[] = [];
    let bytes = 0;
    const refuse = (sent: number): void => {
      request.removeAllListeners('data').removeAllListeners('end');
      const hint = 'Profile for a shorter time or at a lower rate.';
      this.refuse(new LimitExceededError('request_bytes', limit, sent, hint));
    };
    request.on('data', (part: Buffer) => {
      parts.push(part);
      bytes += part.length;
      if (bytes > limit) refuse(bytes);
    });
    request.on('end', () => onBody(joined(parts, bytes)));
    if (stated > limit) refuse(stated);
  }

  async push(route: HttpPushRoute, query: string, body: Uint8Array): Promise<void> {
    const { headers, socket, url } = this.#request;
    const { authenticate, logger } = this.#options;
    try {
      const caller = authenticate({ authorization: headers.authorization });
      const answer = await route.push(caller, { query, headers, body, peer: peerOf(socket) });
      this.#send(answer.status, JSON.stringify(answer.body));
    } catch (error) {
      const requestId = randomUUID();
      if (isFault(error)) logger.error({ err: error, requestId, url }, 'request failed');
      sendAnswer(this.#response, errorAnswerOf(error, requestId));
    }
  }

  /** Refuses the push without its body, of which more may come: so the connection ends. */
  refuse(error: Error): void {
    this.#response.setHeader('connection', 'close');
    sendAnswer(this.#response, errorAnswerOf(error, randomUUID()));
  }

  #send(status: number, body: string): void {
    const length = String(Buffer.byteLength(body));
    const headers = [...COMMON_HEADERS, 'content-type', JSON_TYPE, 'content-length', length];
    this.#response.writeHead(status, headers).end(body);
  }
}

/** Path and query of what a request asks for, which may be a whole URL. */
function addressOf(url: string): { readonly path: string; readonly query: string } {
  const local = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]*/i, '');
  const mark = local.indexOf('?');
  return mark < 0 ? { path: local, query: '' } : { path: local.slice(0, mark), query: local.slice(mark + 1) };
}

function joined(parts: readonly Buffer[], bytes: number): Uint8Array {
  const [first] = parts;
  // Node's parser hands each piece on in memory of its own: of a body that came at once there is nothing to copy.
  if (first?.length === bytes && first.buffer.byteLength === bytes) return first;
  // What arrives is taken before memory for all of it, so that a length alone costs none.
  const body = Buffer.allocUnsafeSlow(bytes);
  let offset = 0;
  for (const part of parts) offset += part.copy(body, offset);
  return body;
}
