import type { ApiRoute } from '@everflame/contract';
import { ApiError, parseAnswer, readError } from './api-error.ts';
import type { AnswerOf, BodyOf, Method, ParamsOf, PathOf } from './route-types.ts';

export interface ApiClientOptions {
  /** Where the API is, such as `http://127.0.0.1:4040`; without it a browser asks where its page is from. */
  readonly origin?: string;
  /**
   * `API_ROUTES` of the contract, to check each JSON answer by its schema. Without them an answer is believed, which
   * spares the dashboard the schemas.
   */
  readonly routes?: readonly ApiRoute[];
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Media types to accept; JSON when left out. */
  readonly accept?: string;
}

type Params = Readonly<Record<string, string | number | boolean | undefined>>;

/** Calls the API on port 4040: paths, parameters, bodies and answers are the contract's. */
export class ApiClient {
  readonly #origin: string;
  readonly #routes: readonly ApiRoute[];

  constructor({ origin = '', routes = [] }: ApiClientOptions = {}) {
    this.#origin = origin;
    this.#routes = routes;
  }

  /** Returns the address of a GET call; parameters that are undefined or empty are left out. */
  url<P extends PathOf<'get'>>(path: P, params: ParamsOf<'get', P>): string {
    return this.#url(path, params as Params);
  }

  /** Returns the JSON that a GET call answers. Throws `ApiError` for every failure but an abort. */
  async get<P extends PathOf<'get'>>(
    path: P,
    params: ParamsOf<'get', P>,
    options: CallOptions = {},
  ): Promise<AnswerOf<'get', P>> {
    const response = await this.fetch(path, params, options);
    return (await this.#read('get', path, response)) as AnswerOf<'get', P>;
  }

  /** Returns the answer of a GET call as it comes, for what is no JSON. Throws as `get` does. */
  fetch<P extends PathOf<'get'>>(
    path: P,
    params: ParamsOf<'get', P>,
    options: CallOptions = {},
  ): Promise<Response> {
    return this.#request(this.url(path, params), {}, options);
  }

  /** Makes a call that changes something and returns what it answers. Throws as `get` does. */
  async send<M extends Exclude<Method, 'get'>, P extends PathOf<M>>(
    method: M,
    path: P,
    { params, body }: { readonly params?: ParamsOf<M, P>; readonly body?: BodyOf<M, P> } = {},
  ): Promise<AnswerOf<M, P>> {
    const init = {
      method: method.toUpperCase(),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const response = await this.#request(this.#url(path, params ?? {}), init, {});
    return (await this.#read(method, path, response)) as AnswerOf<M, P>;
  }

  #url(path: string, params: Params): string {
    const search = new URLSearchParams();
    let filled: string = path;
    for (const [name, value] of Object.entries(params)) {
      if (value === undefined || value === '') continue;
      const text = String(value);
      if (path.includes(`{${name}}`)) filled = filled.replace(`{${name}}`, () => encodeURIComponent(text));
      else search.set(name, text);
    }
    const asked = search.toString();
    return `${this.#origin}/api/v1/${filled}${asked === '' ? '' : `?${asked}`}`;
  }

  async #request(url: string, init: RequestInit, options: CallOptions): Promise<Response> {
    const { signal, accept = 'application/json' } = options;
    // A content type without a body is refused as malformed JSON.
    const headers = init.body === undefined ? { accept } : { accept, 'content-type': 'application/json' };
    let response: Response;
    try {
      response = await fetch(url, { ...init, headers, signal: signal ?? null });
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new ApiError('The query service does not answer.', {
        status: 0,
        code: 'network_error',
        hint: 'Check that Everflame is running and that you are online.',
        cause,
      });
    }
    if (response.ok) return response;
    throw await readError(response);
  }

  async #read(method: Method, path: string, response: Response): Promise<unknown> {
    const text = await response.text();
    if (text === '') return null;
    const answer = parseAnswer(text, response);
    const route = this.#routes.find((known) => known.method === method && known.path === path);
    return route?.answers['application/json']?.parse(answer) ?? answer;
  }
}
