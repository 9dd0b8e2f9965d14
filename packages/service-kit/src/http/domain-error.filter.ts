import { DomainError, RateLimitedError } from '@everflame/profile';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../logging.ts';
import { STATUS_BY_KIND } from './status.ts';

interface Answer {
  status: number;
  code: string;
  message: string;
  hint?: string | undefined;
}

/** Shapes every HTTP error: `{"error": {code, message, hint, requestId}}`; what is inside stays inside. */
@Catch()
export class DomainErrorFilter implements ExceptionFilter {
  private readonly logger: Logger;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { status, message, hint, ...answer } = errorAnswerOf(error, request.id);
    if (answer.isFault) {
      this.logger.error({ err: error, requestId: request.id, url: request.url }, 'request failed');
    }
    if (reply.sent) return;
    if (answer.retryAfter !== undefined) void reply.header('retry-after', answer.retryAfter);
    // `go tool pprof` shows the text of an error only when it is marked as coming from a pprof handler.
    if (isPprofPath(request.url)) {
      void reply.status(status).header('x-go-pprof', '1').type('text/plain; charset=utf-8');
      void reply.send(`${message}${hint === undefined ? '' : ` ${hint}`}\n`);
      return;
    }
    void reply.status(status).type('application/json; charset=utf-8').send(answer.body);
  }
}

/** Whether `go tool pprof` asks for what is at this path. */
export function isPprofPath(url: string): boolean {
  return url.startsWith('/debug/pprof/') || url.includes('/profile.pb.gz');
}

/** An error as HTTP answers it. */
export interface ErrorAnswer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** JSON. */
  readonly body: string;
  /** Value of the header of that name, in seconds, where the client is to come back. */
  readonly retryAfter: string | undefined;
  /** Whether it is a fault of the service, which is to be logged. */
  readonly isFault: boolean;
}

/** What every HTTP door of the service answers to an error. */
export function errorAnswerOf(error: unknown, requestId: string): ErrorAnswer {
  const { status, ...body } = answerFor(error);
  return {
    status,
    code: body.code,
    message: body.message,
    hint: body.hint,
    body: JSON.stringify({ error: { ...body, requestId } }),
    retryAfter: status === 429 || status === 503 ? retryAfterSeconds(error) : undefined,
    isFault: status >= 500 && !(error instanceof DomainError),
  };
}

function retryAfterSeconds(error: unknown): string {
  return error instanceof RateLimitedError ? String(Math.ceil(error.retryAfterMs / 1000)) : '1';
}

function answerFor(error: unknown): Answer {
  if (error instanceof DomainError) {
    return {
      status: STATUS_BY_KIND[error.kind].http,
      code: error.code,
      message: error.message,
      hint: error.hint,
    };
  }
  const status = statusOf(error);
  if (status === undefined || status >= 500) {
    return {
      status: 500,
      code: 'internal',
      message: 'Something went wrong inside Everflame.',
      hint: 'The log of the service has the cause under this request id.',
    };
  }
  if (status === 404) {
    return {
      status,
      code: 'not_found',
      message: 'There is nothing at this path.',
      hint: 'docs/api.md lists the paths.',
    };
  }
  const code = { 405: 'method_not_allowed', 413: 'limit_request_bytes', 415: 'unsupported_media_type' }[
    status
  ];
  return {
    status,
    code: code ?? 'invalid_request',
    message: error instanceof Error ? error.message : 'Invalid request.',
  };
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (
    typeof error === 'object' &&
    error !== null &&
    'statusCode' in error &&
    typeof error.statusCode === 'number'
  ) {
    return error.statusCode;
  }
  return undefined;
}
