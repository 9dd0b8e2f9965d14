import { UnavailableError } from '@everflame/profile';
import { All, Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Injection token of the addresses of the services whose API is served here too. */
export const NEIGHBOURS = Symbol('neighbours');

export interface Neighbours {
  readonly scraperUrl: string;
  readonly alerterUrl: string;
}

const TIMEOUT_MS = 10_000;

/** What the scraper and the alerter know, under one address: passes requests on to them. */
@Controller('api/v1')
export class NeighbourController {
  private readonly neighbours: Neighbours;

  constructor(@Inject(NEIGHBOURS) neighbours: Neighbours) {
    this.neighbours = neighbours;
  }

  @All('targets')
  targets(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return forward(this.neighbours.scraperUrl, 'scraper', request, reply);
  }

  @All(['alerts', 'rules', 'rules/:id', 'receivers', 'receivers/:name'])
  alerting(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return forward(this.neighbours.alerterUrl, 'alerter', request, reply);
  }
}

async function forward(
  baseUrl: string,
  service: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const hasBody = request.body !== undefined && request.body !== null;
  let response: Response;
  try {
    // A request may name a whole address, of which the host is not ours to ask.
    const { pathname, search } = new URL(request.url, baseUrl);
    response = await fetch(new URL(`${pathname}${search}`, new URL(baseUrl).origin), {
      method: request.method,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(hasBody
        ? { body: JSON.stringify(request.body), headers: { 'content-type': 'application/json' } }
        : {}),
    });
  } catch (error) {
    throw new UnavailableError(`${service}_unavailable`, `The ${service} does not answer.`, {
      hint: `Check that the ${service} runs; profiles and flame graphs work without it.`,
      cause: error,
    });
  }
  const body = Buffer.from(await response.arrayBuffer());
  void reply.status(response.status);
  const contentType = response.headers.get('content-type');
  if (contentType !== null) void reply.type(contentType);
  await reply.send(body);
}
