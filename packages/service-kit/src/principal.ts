import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/**
 * Who asks for something, and whose data it is about. Made once, where a request or a job enters the process, and passed
 * to every read, write, rule and job below.
 */
export interface Principal {
  /** The first key of every table. */
  readonly tenant: string;
}

/** What a request says of who sends it, whatever the protocol. */
export interface Credentials {
  /** The `Authorization` header, or gRPC's metadata of that name. */
  readonly authorization: string | undefined;
}

/** Makes the principal of a request; throws a `DomainError` for one that may not enter. */
export type Authenticate = (credentials: Credentials) => Principal;

/** Everybody is one and the same: an installation for one tenant, which anyone who reaches it may use. */
export function everyoneIs(principal: Principal): Authenticate {
  return () => principal;
}

const principals = new WeakMap<object, Principal>();

/** Notes who sends a request, before it is routed. */
export function setPrincipal(request: FastifyRequest, authenticate: Authenticate): void {
  principals.set(request, authenticate({ authorization: request.headers.authorization }));
}

/** The principal of a request that came in through `startService`. */
export function principalOf(request: FastifyRequest): Principal {
  const principal = principals.get(request);
  if (principal === undefined) throw new Error('The service was started without `authenticate`.');
  return principal;
}

/** A parameter of a controller's method: the principal of the request. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal =>
  principalOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
