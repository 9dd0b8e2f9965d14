/** An answer of the API that is not a success, or no answer at all (`code` is `network_error`). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  readonly requestId: string | undefined;

  constructor(
    message: string,
    facts: { status: number; code: string; hint?: string | undefined; requestId?: string | undefined },
  ) {
    super(message);
    this.status = facts.status;
    this.code = facts.code;
    this.hint = facts.hint;
    this.requestId = facts.requestId;
  }
}

/** Query parameters; undefined and empty ones are left out. */
export type Params = Readonly<Record<string, string | number | undefined>>;

const API = '/api/v1';

/** The path of an API call with its parameters. */
export function apiUrl(path: string, params: Params = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? `${API}${path}` : `${API}${path}?${text}`;
}

/** Calls the API and answers the response. Throws `ApiError` for every failure but an abort. */
export async function callApi(url: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError('The query service does not answer.', {
      status: 0,
      code: 'network_error',
      hint: 'Check that Everflame is running and that you are online.',
    });
  }
  if (response.ok) return response;
  throw await errorOf(response);
}

/** GET an API path as JSON; its shape is the contract's, which the service guarantees. */
export async function getJson<T>(path: string, params?: Params, signal?: AbortSignal): Promise<T> {
  const response = await callApi(apiUrl(path, params), {
    headers: { accept: 'application/json' },
    ...(signal ? { signal } : {}),
  });
  return (await response.json()) as T;
}

/** Sends JSON with a method that changes something; answers the body, or null for 204. */
export async function sendJson<T>(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<T | null> {
  const response = await callApi(apiUrl(path), {
    method,
    // A content type without a body is refused as malformed JSON.
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return text === '' ? null : (JSON.parse(text) as T);
}

async function errorOf(response: Response): Promise<ApiError> {
  const requestId = response.headers.get('x-request-id') ?? undefined;
  const fallback = new ApiError(`The query service answered ${response.status}.`, {
    status: response.status,
    code: 'unexpected_answer',
    requestId,
  });
  try {
    const body: unknown = await response.json();
    const error = (body as { error?: Record<string, unknown> } | null)?.error;
    if (typeof error?.['code'] !== 'string' || typeof error['message'] !== 'string') return fallback;
    return new ApiError(error['message'], {
      status: response.status,
      code: error['code'],
      hint: typeof error['hint'] === 'string' ? error['hint'] : undefined,
      requestId: typeof error['requestId'] === 'string' ? error['requestId'] : requestId,
    });
  } catch {
    return fallback;
  }
}
