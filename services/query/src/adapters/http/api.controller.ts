import { API_ROUTES, openApiDocument } from '@everflame/contract';
import { All, Controller, Get, MethodNotAllowedException, NotFoundException, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

const PATHS = API_ROUTES.map(({ method, path }) => ({
  method: method.toUpperCase(),
  // No part of a path of ours is an operator of regular expressions but the dot.
  pattern: new RegExp(`^/api/v1/${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

/** The description of the API, and the answers to what it does not have. */
@Controller('api/v1')
export class ApiController {
  readonly #document = openApiDocument();

  @Get('openapi.json')
  openApi(): Record<string, unknown> {
    return this.#document;
  }

  /** Paths and methods that no other controller takes. */
  @All('*')
  fallback(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): never {
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = PATHS.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
    if (methods.length === 0) throw new NotFoundException();
    void reply.header('allow', methods.join(', '));
    throw new MethodNotAllowedException(
      `${request.method} is not possible here, only ${methods.join(', ')}.`,
    );
  }
}
