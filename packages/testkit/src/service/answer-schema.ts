import { API_ROUTES, type ApiRoute, type ApiRoutes } from '@everflame/contract';

type Method = ApiRoute['method'];
type RouteOf<M extends Method, P extends string> = Extract<ApiRoutes, { method: M; path: P }>;
type SchemaOf<R> = R extends { readonly answers: { readonly 'application/json': infer Schema } }
  ? Schema
  : never;

/** Returns the schema of what a call of the API answers as JSON. */
export function answerSchema<M extends Method, P extends Extract<ApiRoutes, { method: M }>['path']>(
  method: M,
  path: P,
): SchemaOf<RouteOf<M, P>> {
  const route = API_ROUTES.find((known) => known.method === method && known.path === path);
  return route?.answers['application/json'] as SchemaOf<RouteOf<M, P>>;
}
