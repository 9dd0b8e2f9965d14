import type { ApiRoute, ApiRoutes } from '@everflame/contract';

export type Method = ApiRoute['method'];

/** Paths that are called with a method. */
export type PathOf<M extends Method> = Extract<ApiRoutes, { method: M }>['path'];

type RouteOf<M extends Method, P extends string> = Extract<ApiRoutes, { method: M; path: P }>;

/** What a schema takes and what it yields; the type alone, so that nobody who imports this loads zod. */
type InputOf<S> = S extends { readonly _zod: { readonly input: infer Input } } ? Input : never;
type OutputOf<S> = S extends { readonly _zod: { readonly output: infer Output } } ? Output : never;

type PathParams<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [key in Name]: string } & PathParams<Rest>
  : unknown;

type QueryParams<R> = R extends { readonly query: readonly (infer Schema)[] }
  ? Optional<InputOf<Schema>>
  : unknown;
/** A parameter that is not needed may be undefined, which leaves it out. */
type Optional<T> = T extends unknown
  ? { readonly [K in keyof T]: undefined extends T[K] ? T[K] | undefined : T[K] }
  : never;

/** Parameters of a call, those in its path too. */
export type ParamsOf<M extends Method, P extends string> = PathParams<P> & QueryParams<RouteOf<M, P>>;

/** What a call sends; undefined where it sends nothing. */
export type BodyOf<M extends Method, P extends string> =
  RouteOf<M, P> extends { readonly body: infer Schema } ? InputOf<Schema> : undefined;

/** What a call answers as JSON; null where it answers nothing. */
export type AnswerOf<M extends Method, P extends string> =
  RouteOf<M, P> extends { readonly answers: { readonly 'application/json': infer Schema } }
    ? OutputOf<Schema>
    : null;
