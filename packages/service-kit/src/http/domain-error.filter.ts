import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../logging.ts';
import { errorAnswerOf, isFault } from './error-answer.ts';

/** Answers what controllers throw, and logs what is a fault of the service. */
@Catch()
export class DomainErrorFilter implements ExceptionFilter {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const { id: requestId, url } = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (isFault(error)) this.#logger.error({ err: error, requestId, url }, 'request failed');
    if (reply.sent) return;
    const { status, headers, body } = errorAnswerOf(error, requestId, url);
    void reply.status(status).headers(headers).send(body);
  }
}
