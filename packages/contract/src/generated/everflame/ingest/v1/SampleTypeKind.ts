// Original file: proto/everflame/ingest/v1/ingest.proto

import type { Kind as _everflame_ingest_v1_Kind, Kind__Output as _everflame_ingest_v1_Kind__Output } from '../../../everflame/ingest/v1/Kind.ts';

export interface SampleTypeKind {
  'sampleType'?: (string);
  'kind'?: (_everflame_ingest_v1_Kind);
}

export interface SampleTypeKind__Output {
  'sampleType': (string);
  'kind': (_everflame_ingest_v1_Kind__Output);
}
