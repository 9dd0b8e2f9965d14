import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AcceptedSampleType as _everflame_ingest_v1_AcceptedSampleType, AcceptedSampleType__Output as _everflame_ingest_v1_AcceptedSampleType__Output } from './everflame/ingest/v1/AcceptedSampleType.ts';
import type { IngestServiceClient as _everflame_ingest_v1_IngestServiceClient, IngestServiceDefinition as _everflame_ingest_v1_IngestServiceDefinition } from './everflame/ingest/v1/IngestService.ts';
import type { Label as _everflame_ingest_v1_Label, Label__Output as _everflame_ingest_v1_Label__Output } from './everflame/ingest/v1/Label.ts';
import type { PushError as _everflame_ingest_v1_PushError, PushError__Output as _everflame_ingest_v1_PushError__Output } from './everflame/ingest/v1/PushError.ts';
import type { PushRequest as _everflame_ingest_v1_PushRequest, PushRequest__Output as _everflame_ingest_v1_PushRequest__Output } from './everflame/ingest/v1/PushRequest.ts';
import type { PushResponse as _everflame_ingest_v1_PushResponse, PushResponse__Output as _everflame_ingest_v1_PushResponse__Output } from './everflame/ingest/v1/PushResponse.ts';
import type { SampleTypeKind as _everflame_ingest_v1_SampleTypeKind, SampleTypeKind__Output as _everflame_ingest_v1_SampleTypeKind__Output } from './everflame/ingest/v1/SampleTypeKind.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  everflame: {
    ingest: {
      v1: {
        AcceptedSampleType: MessageTypeDefinition<_everflame_ingest_v1_AcceptedSampleType, _everflame_ingest_v1_AcceptedSampleType__Output>
        IngestService: SubtypeConstructor<typeof grpc.Client, _everflame_ingest_v1_IngestServiceClient> & { service: _everflame_ingest_v1_IngestServiceDefinition }
        Kind: EnumTypeDefinition
        Label: MessageTypeDefinition<_everflame_ingest_v1_Label, _everflame_ingest_v1_Label__Output>
        PushError: MessageTypeDefinition<_everflame_ingest_v1_PushError, _everflame_ingest_v1_PushError__Output>
        PushRequest: MessageTypeDefinition<_everflame_ingest_v1_PushRequest, _everflame_ingest_v1_PushRequest__Output>
        PushResponse: MessageTypeDefinition<_everflame_ingest_v1_PushResponse, _everflame_ingest_v1_PushResponse__Output>
        SampleTypeKind: MessageTypeDefinition<_everflame_ingest_v1_SampleTypeKind, _everflame_ingest_v1_SampleTypeKind__Output>
      }
    }
  }
}

