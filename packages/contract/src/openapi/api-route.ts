import type { z } from 'zod';

/** One call of the API on port 4040. */
export interface ApiRoute {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** Below `/api/v1/`, parameters in braces. */
  readonly path: string;
  readonly summary: string;
  /** Parameters; with two schemas a call takes those of either. */
  readonly query?: readonly z.ZodObject[];
  readonly body?: z.ZodType;
  /** A body for the example. */
  readonly bodyExample?: Readonly<Record<string, unknown>>;
  readonly status?: 200 | 201 | 204;
  /** By media type; undefined where the answer is no JSON. */
  readonly answers: Readonly<Record<string, z.ZodType | undefined>>;
  /** Values of parameters for an example, those in the path too. */
  readonly example?: Readonly<Record<string, string>>;
}

/** Returns a call, with its type as it is written. */
export function route<
  const Method extends ApiRoute['method'],
  const Path extends string,
  const Rest extends Omit<ApiRoute, 'method' | 'path' | 'summary'>,
>(method: Method, path: Path, summary: string, rest: Rest) {
  return { method, path, summary, ...rest };
}

/** What a call answers as JSON alone. */
export function json<Schema extends z.ZodType>(schema: Schema): { readonly 'application/json': Schema } {
  return { 'application/json': schema };
}
