// Original file: proto/everflame/ingest/v1/ingest.proto

import type { Label as _everflame_ingest_v1_Label, Label__Output as _everflame_ingest_v1_Label__Output } from '../../../everflame/ingest/v1/Label.ts';
import type { SampleTypeKind as _everflame_ingest_v1_SampleTypeKind, SampleTypeKind__Output as _everflame_ingest_v1_SampleTypeKind__Output } from '../../../everflame/ingest/v1/SampleTypeKind.ts';
import type { Long } from '@grpc/proto-loader';

export interface PushRequest {
  'id'?: (string);
  'labels'?: (_everflame_ingest_v1_Label)[];
  'profileName'?: (string);
  'pprof'?: (Buffer | Uint8Array | string);
  'timeUnixMs'?: (number | string | Long);
  'durationMs'?: (number | string | Long);
  'kinds'?: (_everflame_ingest_v1_SampleTypeKind)[];
  'idempotencyKey'?: (string);
}

export interface PushRequest__Output {
  'id': (string);
  'labels': (_everflame_ingest_v1_Label__Output)[];
  'profileName': (string);
  'pprof': (Buffer);
  'timeUnixMs': (string);
  'durationMs': (string);
  'kinds': (_everflame_ingest_v1_SampleTypeKind__Output)[];
  'idempotencyKey': (string);
}
