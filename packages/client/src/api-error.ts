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

/** Of an answer that cannot be read, as much as tells what it is. */
const SHOWN_CHARS = 200;

/** Returns the JSON of an answer. Throws `ApiError` with the beginning of what was sent where that is none. */
export function parseAnswer(text: string, { status, headers }: Response): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApiError(`The query service answered ${status} with what is no JSON.`, {
      status,
      code: 'unexpected_answer',
      hint: `It begins with: ${text.slice(0, SHOWN_CHARS)}`,
      requestId: headers.get('x-request-id') ?? undefined,
      cause,
    });
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
