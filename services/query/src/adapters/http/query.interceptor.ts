import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { finalize, from, mergeMap, Observable } from 'rxjs';
import type { Admission } from '../../application/admission.ts';
import { NeighbourController } from './neighbour.controller.ts';

const signals = new AsyncLocalStorage<AbortSignal>();

/** Aborted when the client of the request that is being served has left; undefined outside of requests. */
export function currentSignal(): AbortSignal | undefined {
  return signals.getStore();
}

/** Lets reads run as admission allows, and everything they call know when their client leaves. */
export class QueryInterceptor implements NestInterceptor {
  private readonly admission: Admission;

  constructor(admission: Admission) {
    this.admission = admission;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const isRead = request.method === 'GET' && request.url.startsWith('/api/v1/');
    if (!isRead || context.getClass() === NeighbourController) return next.handle();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const gone = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort();
    });
    if (reply.raw.destroyed) gone.abort();
    return from(this.admission.enter(gone.signal)).pipe(
      mergeMap((leave) =>
        new Observable((subscriber) =>
          signals.run(gone.signal, () => next.handle().subscribe(subscriber)),
        ).pipe(finalize(leave)),
      ),
    );
  }
}
