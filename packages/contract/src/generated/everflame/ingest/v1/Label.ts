// Original file: proto/everflame/ingest/v1/ingest.proto


export interface Label {
  'name'?: (string);
  'value'?: (string);
}

export interface Label__Output {
  'name': (string);
  'value': (string);
}
