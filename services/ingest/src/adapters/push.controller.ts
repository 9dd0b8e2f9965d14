import { INGEST_SERVICE, type PushRequest__Output, type PushResponse } from '@everflame/contract/grpc';
import type { PushAnswer } from '@everflame/contract';
import { DomainError } from '@everflame/profile';
import { STATUS_BY_KIND } from '@everflame/service-kit';
import { Metadata, type ServerDuplexStream, type StatusObject } from '@grpc/grpc-js';
import { Controller, Inject, Post, Req } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, RpcException } from '@nestjs/microservices';
import type { FastifyRequest } from 'fastify';
import { PushDoor } from './push-door.ts';
import { acceptedResponse, incomingFromGrpc, incomingFromHttp, refusedResponse } from './requests.ts';

/** Injection token of the tenant that pushes belong to. */
export const TENANT = Symbol('tenant');

/** Profiles of one stream that are worked on at a time; beyond it the stream is not read. */
const MAX_IN_FLIGHT = 64;

@Controller()
export class PushController {
  private readonly door: PushDoor;
  private readonly tenant: string;

  constructor(@Inject(PushDoor) door: PushDoor, @Inject(TENANT) tenant: string) {
    this.door = door;
    this.tenant = tenant;
  }

  @Post('api/v1/profiles')
  async pushHttp(@Req() request: FastifyRequest): Promise<PushAnswer> {
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
    const query = new URLSearchParams(request.url.split('?', 2)[1] ?? '');
    const accepted = await this.door.push('http', body.length, () =>
      incomingFromHttp(query, body, this.tenant),
    );
    return {
      accepted: accepted.map(({ profileType, stacks, total }) => ({
        type: profileType,
        samples: stacks,
        total,
      })),
    };
  }

  @GrpcMethod(INGEST_SERVICE, 'Push')
  async push(request: PushRequest__Output): Promise<PushResponse> {
    try {
      return acceptedResponse(request.id, await this.pushGrpc(request));
    } catch (error) {
      throw asRpcException(error);
    }
  }

  @GrpcStreamCall(INGEST_SERVICE, 'PushStream')
  pushStream(call: ServerDuplexStream<PushRequest__Output, PushResponse>): void {
    let inFlight = 0;
    let isEnded = false;
    const settle = (response: PushResponse): void => {
      inFlight -= 1;
      if (!call.cancelled && !call.destroyed) call.write(response);
      if (isEnded && inFlight === 0) call.end();
      else if (inFlight < MAX_IN_FLIGHT) call.resume();
    };
    call.on('data', (request: PushRequest__Output) => {
      inFlight += 1;
      if (inFlight >= MAX_IN_FLIGHT) call.pause();
      this.pushGrpc(request).then(
        (accepted) => settle(acceptedResponse(request.id, accepted)),
        (error: unknown) => settle(refusedResponse(request.id, error)),
      );
    });
    call.on('end', () => {
      isEnded = true;
      if (inFlight === 0) call.end();
    });
    // A client that goes away takes its unanswered pushes with it; they may still be stored.
    call.on('error', () => undefined);
  }

  private pushGrpc(request: PushRequest__Output): ReturnType<PushDoor['push']> {
    return this.door.push('grpc', request.pprof.length, () => incomingFromGrpc(request, this.tenant));
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
  if (error.hint !== undefined) metadata.set('everflame-hint', error.hint.replace(/[^\x20-\x7e]/g, ' '));
  const status: StatusObject = {
    code: STATUS_BY_KIND[error.kind].grpc,
    details: `${error.code}: ${error.message}`,
    metadata,
  };
  return new RpcException({ ...status, message: status.details });
}
