// Original file: proto/everflame/ingest/v1/ingest.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { PushRequest as _everflame_ingest_v1_PushRequest, PushRequest__Output as _everflame_ingest_v1_PushRequest__Output } from '../../../everflame/ingest/v1/PushRequest.ts';
import type { PushResponse as _everflame_ingest_v1_PushResponse, PushResponse__Output as _everflame_ingest_v1_PushResponse__Output } from '../../../everflame/ingest/v1/PushResponse.ts';

export interface IngestServiceClient extends grpc.Client {
  Push(argument: _everflame_ingest_v1_PushRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_everflame_ingest_v1_PushResponse__Output>): grpc.ClientUnaryCall;
  Push(argument: _everflame_ingest_v1_PushRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_everflame_ingest_v1_PushResponse__Output>): grpc.ClientUnaryCall;
  Push(argument: _everflame_ingest_v1_PushRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_everflame_ingest_v1_PushResponse__Output>): grpc.ClientUnaryCall;
  Push(argument: _everflame_ingest_v1_PushRequest, callback: grpc.requestCallback<_everflame_ingest_v1_PushResponse__Output>): grpc.ClientUnaryCall;
  push(argument: _everflame_ingest_v1_PushRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_everflame_ingest_v1_PushResponse__Output>): grpc.ClientUnaryCall;
  push(argument: _everflame_ingest_v1_PushRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_everflame_ingest_v1_PushResponse__Output>): grpc.ClientUnaryCall;
  push(argument: _everflame_ingest_v1_PushRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_everflame_ingest_v1_PushResponse__Output>): grpc.ClientUnaryCall;
  push(argument: _everflame_ingest_v1_PushRequest, callback: grpc.requestCallback<_everflame_ingest_v1_PushResponse__Output>): grpc.ClientUnaryCall;
  
  PushStream(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_everflame_ingest_v1_PushRequest, _everflame_ingest_v1_PushResponse__Output>;
  PushStream(options?: grpc.CallOptions): grpc.ClientDuplexStream<_everflame_ingest_v1_PushRequest, _everflame_ingest_v1_PushResponse__Output>;
  pushStream(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_everflame_ingest_v1_PushRequest, _everflame_ingest_v1_PushResponse__Output>;
  pushStream(options?: grpc.CallOptions): grpc.ClientDuplexStream<_everflame_ingest_v1_PushRequest, _everflame_ingest_v1_PushResponse__Output>;
  
}

export interface IngestServiceHandlers extends grpc.UntypedServiceImplementation {
  Push: grpc.handleUnaryCall<_everflame_ingest_v1_PushRequest__Output, _everflame_ingest_v1_PushResponse>;
  
  PushStream: grpc.handleBidiStreamingCall<_everflame_ingest_v1_PushRequest__Output, _everflame_ingest_v1_PushResponse>;
  
}

export interface IngestServiceDefinition extends grpc.ServiceDefinition {
  Push: MethodDefinition<_everflame_ingest_v1_PushRequest, _everflame_ingest_v1_PushResponse, _everflame_ingest_v1_PushRequest__Output, _everflame_ingest_v1_PushResponse__Output>
  PushStream: MethodDefinition<_everflame_ingest_v1_PushRequest, _everflame_ingest_v1_PushResponse, _everflame_ingest_v1_PushRequest__Output, _everflame_ingest_v1_PushResponse__Output>
}
