/** What a caller can do about an error; the edge maps each to one HTTP status and one gRPC code. */
export type ErrorKind =
  | 'invalid'
  | 'not_found'
  | 'too_large'
  | 'exhausted'
  | 'unavailable'
  | 'timeout'
  | 'conflict'
  | 'unsupported';

/** A failure with a stable, documented `code`. Anything else that is thrown is a bug and answered as internal. */
export class DomainError extends Error {
  /** Stable snake_case identifier, part of the API. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** What the caller should do next, in one sentence. */
  readonly hint: string | undefined;

  constructor(
    kind: ErrorKind,
    code: string,
    message: string,
    options: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.kind = kind;
    this.code = code;
    this.hint = options.hint;
  }

  /** Whether the same request can succeed later without being changed. */
  get isRetryable(): boolean {
    return this.kind === 'unavailable' || this.kind === 'exhausted' || this.kind === 'timeout';
  }
}

/** The bytes are not a pprof profile that can be read. */
export class MalformedProfileError extends DomainError {
  constructor(message: string, options: { code?: string; hint?: string; cause?: unknown } = {}) {
    super('invalid', options.code ?? 'malformed_profile', message, {
      hint: 'Send a pprof profile (profile.proto, gzip or not), as net/http/pprof serves it.',
      ...options,
    });
  }
}

/** A named limit was exceeded; the message carries the limit, its value and what was sent. */
export class LimitExceededError extends DomainError {
  readonly limit: string;
  constructor(limit: string, allowed: number, sent: number | string, hint?: string) {
    super('too_large', `limit_${limit}`, `${limit} is limited to ${allowed}; got ${sent}.`, { hint });
    this.limit = limit;
  }
}

/** Too much at present; the same is taken after `retryAfterMs`. */
export class RateLimitedError extends DomainError {
  readonly retryAfterMs: number;
  constructor(code: string, message: string, retryAfterMs: number) {
    super('exhausted', code, message, { hint: `Send it again after ${retryAfterMs} ms.` });
    this.retryAfterMs = retryAfterMs;
  }
}

/** A selector or matcher that cannot be parsed. */
export class InvalidSelectorError extends DomainError {
  constructor(message: string, hint?: string) {
    super('invalid', 'invalid_selector', message, {
      hint:
        hint ??
        'Write a profile type and matchers, such as process_cpu:cpu:nanoseconds:cpu:nanoseconds{service_name="checkout"}.',
    });
  }
}

/** A parameter of a request that is missing, of the wrong form or out of range. */
export class InvalidArgumentError extends DomainError {
  constructor(message: string, options: { code?: string; hint?: string; cause?: unknown } = {}) {
    super('invalid', options.code ?? 'invalid_argument', message, options);
  }
}

/** A dependency does not answer. */
export class UnavailableError extends DomainError {
  constructor(code: string, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super('unavailable', code, message, options);
  }
}

/** A thing with that name does not exist. */
export class NotFoundError extends DomainError {
  constructor(code: string, message: string, hint?: string) {
    super('not_found', code, message, { hint });
  }
}
