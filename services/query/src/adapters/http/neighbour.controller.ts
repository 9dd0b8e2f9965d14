import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { UnavailableError } from '@everflame/profile';
import { All, Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Injection token of the addresses of the services whose API is served here too. */
export const NEIGHBOURS = Symbol('neighbours');

export interface Neighbours {
  readonly ingestUrl: string;
  readonly scraperUrl: string;
  readonly alerterUrl: string;
}

const TIMEOUT_MS = 10_000;
/** A deletion looks at every row of its range. Ingest gives up on a statement after a quarter of an hour. */
const DELETION_TIMEOUT_MS = 60 * 60_000;

/** What other services know and do, under one address: passes requests on to them. */
@Controller('api/v1')
export class NeighbourController {
  readonly #neighbours: Neighbours;

  constructor(@Inject(NEIGHBOURS) neighbours: Neighbours) {
    this.#neighbours = neighbours;
  }

  @All('targets')
  targets(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return forward(['scraper', 'the scraper', this.#neighbours.scraperUrl], request, reply);
  }

  @All(['alerts', 'rules', 'rules/:id', 'receivers', 'receivers/:name'])
  alerting(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return forward(['alerter', 'the alerter', this.#neighbours.alerterUrl], request, reply);
  }

  @All(['delete', 'delete/preview'])
  deletions(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return forward(['ingest', 'ingest', this.#neighbours.ingestUrl, DELETION_TIMEOUT_MS], request, reply);
  }
}

/** Its errors begin with `code`. */
type Neighbour = readonly [code: string, name: string, url: string, timeoutMs?: number];

async function forward(neighbour: Neighbour, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const [code, name] = neighbour;
  let response: IncomingMessage;
  let body: Buffer;
  try {
    response = await ask(neighbour, request);
    body = await buffer(response);
  } catch (error) {
    const subject = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    throw new UnavailableError(`${code}_unavailable`, `${subject} does not answer.`, {
      hint: `Check that ${name} runs; profiles and flame graphs work without it.`,
      cause: error,
    });
  }
  void reply.status(response.statusCode ?? 502);
  const contentType = response.headers['content-type'];
  if (contentType !== undefined) void reply.type(contentType);
  await reply.send(body);
}

/** Sends the request on, with its body as it was parsed here. `fetch` would wait for five minutes at most. */
function ask(
  [, , url, timeoutMs = TIMEOUT_MS]: Neighbour,
  { url: path, method, headers, body }: FastifyRequest,
): Promise<IncomingMessage> {
  // A request may name a whole address, of which the host is not ours to ask.
  const { pathname, search } = new URL(path, url);
  const target = new URL(`${pathname}${search}`, new URL(url).origin);
  const send = target.protocol === 'https:' ? requestHttps : requestHttp;
  const sent = textOf(body);
  const { authorization } = headers;
  const sentHeaders = {
    ...(authorization === undefined ? {} : { authorization }),
    ...(sent === '' ? {} : { 'content-type': headers['content-type'] ?? 'application/json' }),
    'content-length': Buffer.byteLength(sent),
  };
  return new Promise((resolve, reject) => {
    send(target, { method, headers: sentHeaders, signal: AbortSignal.timeout(timeoutMs) }, resolve)
      .on('error', reject)
      .end(sent);
  });
}

/** The text of a body that was parsed as JSON, or was not parsed. */
function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  return body === undefined || body === null ? '' : JSON.stringify(body);
}
