import { INGEST_SERVICE, type PushResponse } from '@everflame/contract/grpc';
import type { PushAnswer } from '@everflame/contract';
import { DomainError } from '@everflame/profile';
import { STATUS_BY_KIND } from '@everflame/service-kit';
import { Metadata, type ServerDuplexStream, type ServerUnaryCall, type StatusObject } from '@grpc/grpc-js';
import { Controller, Inject, Post, Req } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, RpcException } from '@nestjs/microservices';
import type { FastifyRequest } from 'fastify';
import { clientOf } from '../../../application/limits/stream-limits.ts';
import { PUSH_PATH, pushOverHttp } from '../http/http-push.ts';
import { UnsupportedEncodingError } from './message-reader.ts';
import { PushDoor } from '../../push-intake.ts';
import type { PushEnvelope } from './push-message.ts';
import { PushStream } from './push-stream.ts';
import { acceptedResponse, incomingFromGrpc, refusedResponse, retryAfterMs } from '../../requests.ts';

/** Injection token of the tenant that pushes belong to. */
export const TENANT = Symbol('tenant');

@Controller()
export class PushController {
  private readonly door: PushDoor;
  private readonly tenant: string;

  constructor(@Inject(PushDoor) door: PushDoor, @Inject(TENANT) tenant: string) {
    this.door = door;
    this.tenant = tenant;
  }

  @Post(PUSH_PATH)
  async pushHttp(@Req() request: FastifyRequest): Promise<PushAnswer> {
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
    const { url, headers, raw } = request;
    return pushOverHttp(this.door, this.tenant, { url, body, headers, socket: raw.socket });
  }

  @GrpcMethod(INGEST_SERVICE, 'Push')
  async push(
    envelope: PushEnvelope,
    _metadata: Metadata,
    call: ServerUnaryCall<PushEnvelope, PushResponse>,
  ): Promise<PushResponse> {
    try {
      return acceptedResponse(envelope.id, await this.pushGrpc(envelope, call.getPeer()));
    } catch (error) {
      throw asRpcException(error);
    }
  }

  @GrpcStreamCall(INGEST_SERVICE, 'PushStream')
  pushStream(call: ServerDuplexStream<PushEnvelope, PushResponse>): void {
    const peer = call.getPeer();
    const push = (envelope: PushEnvelope): Promise<PushResponse> =>
      this.pushGrpc(envelope, peer).then(
        (accepted) => acceptedResponse(envelope.id, accepted),
        (error: unknown) => {
          if (error instanceof UnsupportedEncodingError) call.emit('error', asRpcException(error).getError());
          return refusedResponse(envelope.id, error);
        },
      );
    try {
      call.once('close', this.door.openStream(clientOf(peer)));
    } catch (error) {
      call.emit('error', asRpcException(error).getError());
      return;
    }
    new PushStream(call, push).start();
  }

  private pushGrpc(envelope: PushEnvelope, peer: string): ReturnType<PushDoor['push']> {
    const arrival = { door: 'grpc', peer, messageBytes: envelope.messageBytes } as const;
    return this.door.push(arrival, envelope.pprof.length, () => incomingFromGrpc(envelope, this.tenant));
  }
}

/** A gRPC status whose message starts with the stable code; code and hint also travel as metadata. */
function asRpcException(error: unknown): RpcException {
  const metadata = new Metadata();
  if (!(error instanceof DomainError)) {
    return new RpcException({
      code: 13,
      details: 'internal: Something went wrong inside Everflame.',
      metadata,
    });
  }
  metadata.set('everflame-code', error.code);
  if (error.isRetryable) metadata.set('everflame-retry-after-ms', String(retryAfterMs(error)));
  if (error.hint !== undefined) metadata.set('everflame-hint', error.hint.replace(/[^\x20-\x7e]/g, ' '));
  const status: StatusObject = {
    code: STATUS_BY_KIND[error.kind].grpc,
    details: `${error.code}: ${error.message}`,
    metadata,
  };
  return new RpcException({ ...status, message: status.details });
}
