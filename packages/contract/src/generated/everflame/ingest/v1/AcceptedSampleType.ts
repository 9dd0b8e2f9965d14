// Original file: proto/everflame/ingest/v1/ingest.proto

import type { Long } from '@grpc/proto-loader';

export interface AcceptedSampleType {
  'profileType'?: (string);
  'stacks'?: (number);
  'total'?: (number | string | Long);
}

export interface AcceptedSampleType__Output {
  'profileType': (string);
  'stacks': (number);
  'total': (string);
}
