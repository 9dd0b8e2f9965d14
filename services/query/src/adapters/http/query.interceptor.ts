import { AsyncLocalStorage } from 'node:async_hooks';
import { errorAnswerOf } from '@everflame/service-kit';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { finalize, from, mergeMap, Observable, tap } from 'rxjs';
import type { Admission } from '../../application/admission.ts';
import type { QueryMetrics } from '../metrics.ts';
import { NeighbourController } from './neighbour.controller.ts';

const API = '/api/v1/';

const signals = new AsyncLocalStorage<AbortSignal>();

/** Aborted when the client of the request that is being served has left; undefined outside of requests. */
export function currentSignal(): AbortSignal | undefined {
  return signals.getStore();
}

/** Lets reads run as admission allows, and everything they call know when their client leaves. */
export class QueryInterceptor implements NestInterceptor {
  readonly #admission: Admission;
  readonly #metrics: QueryMetrics;

  constructor(admission: Admission, metrics: QueryMetrics) {
    this.#admission = admission;
    this.#metrics = metrics;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (!request.url.startsWith(API) || context.getClass() === NeighbourController) return next.handle();
    const isRead = request.method === 'GET';
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const question = (request.routeOptions.url ?? API).slice(API.length);
    const beginMs = performance.now();
    return (isRead ? this.#admit(reply, next) : next.handle()).pipe(
      tap({
        error: (error) => this.#metrics.refused(errorAnswerOf(error, request.id).code),
        complete: () => this.#metrics.answered(question, (performance.now() - beginMs) / 1000),
      }),
    );
  }

  #admit(reply: FastifyReply, next: CallHandler): Observable<unknown> {
    const gone = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort();
    });
    if (reply.raw.destroyed) gone.abort();
    return from(this.#admission.enter(gone.signal)).pipe(
      mergeMap((leave) =>
        new Observable((subscriber) =>
          signals.run(gone.signal, () => next.handle().subscribe(subscriber)),
        ).pipe(finalize(leave)),
      ),
    );
  }
}
