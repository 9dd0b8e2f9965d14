import { INGEST_SERVICE, type PushResponse } from '@everflame/contract/grpc';
import type { Principal } from '@everflame/service-kit';
import type { Metadata, ServerDuplexStream, ServerUnaryCall } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall } from '@nestjs/microservices';
import type { AcceptedType, IncomingProfile } from '../../../application/incoming-profile.ts';
import { clientOf } from '../../../application/limits/stream-limits.ts';
import { UnsupportedEncodingError } from '../../grpc/message-reader.ts';
import { checkedKey, checkedName, uniqueLabels } from '../../incoming-fields.ts';
import { PushIntake } from '../../push-intake.ts';
import type { PushMessage } from './push-message.ts';
import { PushStream } from './push-stream.ts';
import { acceptedResponse, refusedResponse, rpcException } from './responses.ts';

/** Everflame's own push over gRPC: one profile per message, alone or on a stream. */
@Controller()
export class PushController {
  readonly #intake: PushIntake;

  constructor(@Inject(PushIntake) intake: PushIntake) {
    this.#intake = intake;
  }

  @GrpcMethod(INGEST_SERVICE, 'Push')
  async push(
    message: PushMessage,
    metadata: Metadata,
    call: ServerUnaryCall<PushMessage, PushResponse>,
  ): Promise<PushResponse> {
    try {
      const accepted = await this.#take(this.#callerOf(metadata), message, call.getPeer());
      return acceptedResponse(message.id, accepted);
    } catch (error) {
      throw rpcException(error);
    }
  }

  @GrpcStreamCall(INGEST_SERVICE, 'PushStream')
  pushStream(call: ServerDuplexStream<PushMessage, PushResponse>): void {
    const fail = (error: unknown): void => void call.emit('error', rpcException(error).getError());
    try {
      const caller = this.#callerOf(call.metadata);
      const peer = call.getPeer();
      call.once('close', this.#intake.openStream(clientOf(peer)));
      const push = (message: PushMessage): Promise<PushResponse> =>
        this.#take(caller, message, peer).then(
          (accepted) => acceptedResponse(message.id, accepted),
          (error: unknown) => {
            if (error instanceof UnsupportedEncodingError) fail(error);
            return refusedResponse(message.id, error);
          },
        );
      new PushStream(call, push).start();
    } catch (error) {
      fail(error);
    }
  }

  #callerOf(metadata: Metadata): Principal {
    return this.#intake.callerOf(metadata.get('authorization')[0]?.toString());
  }

  #take(caller: Principal, message: PushMessage, peer: string): Promise<readonly AcceptedType[]> {
    const { messageBytes, pprof } = message;
    const arrival = { transport: 'grpc', peer, messageBytes, profileBytes: pprof.length } as const;
    return this.#intake.push(caller, arrival, () => incomingFromGrpc(message));
  }
}

/** Makes an incoming profile of a push over gRPC. Throws why the message is refused. */
export function incomingFromGrpc(message: PushMessage): IncomingProfile {
  if (message.refusal !== undefined) throw message.refusal;
  return {
    labels: uniqueLabels(message.labels),
    profileName: checkedName(message.profileName),
    pprof: message.pprof,
    timeMs: message.timeUnixMs,
    durationMs: Math.max(0, message.durationMs),
    kinds: new Map(message.kinds),
    idempotencyKey: checkedKey(message.idempotencyKey),
  };
}
