// Original file: proto/everflame/ingest/v1/ingest.proto

import type { AcceptedSampleType as _everflame_ingest_v1_AcceptedSampleType, AcceptedSampleType__Output as _everflame_ingest_v1_AcceptedSampleType__Output } from '../../../everflame/ingest/v1/AcceptedSampleType.ts';
import type { PushError as _everflame_ingest_v1_PushError, PushError__Output as _everflame_ingest_v1_PushError__Output } from '../../../everflame/ingest/v1/PushError.ts';

export interface PushResponse {
  'id'?: (string);
  'accepted'?: (_everflame_ingest_v1_AcceptedSampleType)[];
  'error'?: (_everflame_ingest_v1_PushError | null);
}

export interface PushResponse__Output {
  'id': (string);
  'accepted': (_everflame_ingest_v1_AcceptedSampleType__Output)[];
  'error': (_everflame_ingest_v1_PushError__Output | null);
}
