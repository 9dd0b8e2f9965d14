// Original file: proto/everflame/ingest/v1/ingest.proto


export interface PushError {
  'code'?: (string);
  'message'?: (string);
  'hint'?: (string);
  'retryable'?: (boolean);
  'retryAfterMs'?: (number);
}

export interface PushError__Output {
  'code': (string);
  'message': (string);
  'hint': (string);
  'retryable': (boolean);
  'retryAfterMs': (number);
}
