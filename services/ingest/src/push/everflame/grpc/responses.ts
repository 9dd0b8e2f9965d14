import type { PushResponse } from '@everflame/contract/grpc';
import { DomainError, RateLimitedError } from '@everflame/profile';
import { STATUS_BY_KIND } from '@everflame/service-kit';
import { Metadata, status } from '@grpc/grpc-js';
import { RpcException } from '@nestjs/microservices';
import { FlattenFailedError } from '../../../application/flatten/flatten-job.ts';
import type { AcceptedType } from '../../../application/incoming-profile.ts';

const RETRY_AFTER_MS = 1000;

export function acceptedResponse(id: string, accepted: readonly AcceptedType[]): PushResponse {
  return { id, accepted: accepted.map(({ total, ...type }) => ({ ...type, total: String(total) })) };
}

/** The answer to one message of a stream that is refused. */
export function refusedResponse(id: string, error: unknown): PushResponse {
  const known = error instanceof DomainError;
  const retryable = known ? error.isRetryable : !(error instanceof FlattenFailedError);
  return {
    id,
    error: {
      code: known ? error.code : 'internal',
      message: known ? error.message : 'Something went wrong inside Everflame.',
      hint: known ? (error.hint ?? '') : 'The log of the ingest service has the cause.',
      retryable,
      retryAfterMs: retryable ? retryAfterMs(error) : 0,
    },
  };
}

/** The end of a call that is refused: a status whose message starts with the code; code and hint are metadata, too. */
export function rpcException(error: unknown): RpcException {
  const metadata = new Metadata();
  if (!(error instanceof DomainError)) {
    const details = 'internal: Something went wrong inside Everflame.';
    return new RpcException({ code: status.INTERNAL, details, metadata });
  }
  metadata.set('everflame-code', error.code);
  if (error.isRetryable) metadata.set('everflame-retry-after-ms', String(retryAfterMs(error)));
  if (error.hint !== undefined) metadata.set('everflame-hint', error.hint.replace(/[^\x20-\x7e]/g, ' '));
  const details = `${error.code}: ${error.message}`;
  return new RpcException({ code: STATUS_BY_KIND[error.kind].grpc, details, metadata, message: details });
}

/** When to send again what was refused for now. */
function retryAfterMs(error: unknown): number {
  return error instanceof RateLimitedError ? error.retryAfterMs : RETRY_AFTER_MS;
}
