import type { ServerResponse } from 'node:http';
import { DomainError, type ErrorKind, RateLimitedError } from '@everflame/profile';
import { HttpException } from '@nestjs/common';

/** The one table from what a caller can do to the status that says so. gRPC codes by number (google.rpc.Code). */
export const STATUS_BY_KIND: Readonly<Record<ErrorKind, { readonly http: number; readonly grpc: number }>> = {
  invalid: { http: 400, grpc: 3 },
  not_found: { http: 404, grpc: 5 },
  too_large: { http: 413, grpc: 3 },
  exhausted: { http: 429, grpc: 8 },
  unavailable: { http: 503, grpc: 14 },
  timeout: { http: 504, grpc: 4 },
  conflict: { http: 409, grpc: 10 },
  unsupported: { http: 415, grpc: 12 },
};

/** Headers of every answer that has none of its own by these names. */
export const DEFAULT_HEADERS = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'same-origin',
} as const;

/** Codes of what the web framework refuses. */
const FRAMEWORK_CODES: Readonly<Record<number, string>> = {
  405: 'method_not_allowed',
  413: 'limit_request_bytes',
  415: 'unsupported_media_type',
};

/** What a client is told instead of what it asked for. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  /** Beyond those of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal as HTTP answers it. */
export interface ErrorAnswer {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What every HTTP door of a service answers to an error. What is inside stays inside. */
export function errorAnswerOf(error: unknown, requestId: string, url?: string): ErrorAnswer {
  return answerOf(refusalOf(error), requestId, url);
}

/** Whether an error is a fault of the service, which is to be logged. */
export function isFault(error: unknown): boolean {
  return !(error instanceof DomainError) && refusalOf(error).status >= 500;
}

/** Shapes every HTTP error: `{"error": {code, message, hint, requestId}}`, or text where `go tool pprof` asks. */
export function answerOf(refusal: Refusal, requestId: string, url = ''): ErrorAnswer {
  const { status, code, message, hint, headers } = refusal;
  const common = { ...DEFAULT_HEADERS, ...headers };
  // The text of an error is shown there only when it is marked as coming from a pprof handler.
  if (url.startsWith('/debug/pprof/') || url.includes('/profile.pb.gz')) {
    const body = `${message} ${hint ?? ''}`.trimEnd() + '\n';
    const marked = { ...common, 'x-go-pprof': '1', 'content-type': 'text/plain; charset=utf-8' };
    return { status, code, headers: marked, body };
  }
  const body = JSON.stringify({ error: { code, message, hint, requestId } });
  return { status, code, headers: { ...common, 'content-type': 'application/json; charset=utf-8' }, body };
}

/** Sends an answer where no framework does. */
export function sendAnswer(response: ServerResponse, { status, headers, body }: ErrorAnswer): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof DomainError) {
    const { kind, code, message, hint } = error;
    const status = STATUS_BY_KIND[kind].http;
    return { status, code, message, hint, headers: retryHeaders(status, error) };
  }
  const status = statusOf(error) ?? 500;
  if (status >= 500) {
    return {
      status: 500,
      code: 'internal',
      message: 'Something went wrong inside Everflame.',
      hint: 'The log of the service has the cause under this request id.',
    };
  }
  if (status === 404) {
    const hint = 'docs/api.md lists the paths.';
    return { status, code: 'not_found', message: 'There is nothing at this path.', hint };
  }
  return {
    status,
    code: FRAMEWORK_CODES[status] ?? 'invalid_request',
    message: error instanceof Error ? error.message : 'Invalid request.',
    headers: retryHeaders(status, error),
  };
}

/** Tells the client when to come back, where that helps. */
function retryHeaders(status: number, error: unknown): Readonly<Record<string, string>> {
  if (status !== 429 && status !== 503) return {};
  const seconds = error instanceof RateLimitedError ? Math.ceil(error.retryAfterMs / 1000) : 1;
  return { 'retry-after': String(seconds) };
}

/** The status that the web framework gave an error. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode } = (error ?? {}) as { readonly statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : undefined;
}
