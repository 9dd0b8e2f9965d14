import { principalOf, systemClock } from '@everflame/service-kit';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { QueryContext } from '../../application/params/filters.ts';

/** People who look at the last hour within the same second look at the same hour, so that it is read once. */
const NOW_STEP_MS = 1000;

/** What `authenticate` of this service makes: who asks, and how long a range may be. */
export type Asker = Omit<QueryContext, 'nowMs'>;

/** A parameter of a controller's method: what its question comes with. */
export const Context = createParamDecorator((_: unknown, context: ExecutionContext): QueryContext => {
  const asker = principalOf(context.switchToHttp().getRequest<FastifyRequest>()) as Asker;
  // The end of the second: nothing that is there is left out.
  return { ...asker, nowMs: Math.ceil(systemClock.now() / NOW_STEP_MS) * NOW_STEP_MS };
});
