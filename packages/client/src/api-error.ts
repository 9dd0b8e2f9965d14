interface ApiErrorFacts {
  readonly status: number;
  readonly code: string;
  readonly hint?: string | undefined;
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

/** An answer of the API that is no success, or no answer at all (`code` is `network_error`, `status` is 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  readonly requestId: string | undefined;

  constructor(message: string, { cause, ...facts }: ApiErrorFacts) {
    super(message, { cause });
    this.status = facts.status;
    this.code = facts.code;
    this.hint = facts.hint;
    this.requestId = facts.requestId;
  }
}

/** Returns the error that an answer carries, or one that says that it carries none. */
export async function readError(response: Response): Promise<ApiError> {
  const { status } = response;
  const requestId = response.headers.get('x-request-id') ?? undefined;
  const body: unknown = await response.json().catch(() => null);
  const error = (body as { error?: Record<string, unknown> } | null)?.error ?? {};
  const text = (name: string): string | undefined => {
    const value = error[name];
    return typeof value === 'string' ? value : undefined;
  };
  const [code, message] = [text('code'), text('message')];
  if (code === undefined || message === undefined) {
    return new ApiError(`The query service answered ${status}.`, {
      status,
      code: 'unexpected_answer',
      requestId,
    });
  }
  return new ApiError(message, {
    status,
    code,
    hint: text('hint'),
    requestId: text('requestId') ?? requestId,
  });
}
