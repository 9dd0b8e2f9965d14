// Original file: proto/everflame/ingest/v1/ingest.proto

export const Kind = {
  KIND_UNSPECIFIED: 'KIND_UNSPECIFIED',
  KIND_INTERVAL: 'KIND_INTERVAL',
  KIND_GAUGE: 'KIND_GAUGE',
  KIND_CUMULATIVE: 'KIND_CUMULATIVE',
} as const;

export type Kind =
  | 'KIND_UNSPECIFIED'
  | 0
  | 'KIND_INTERVAL'
  | 1
  | 'KIND_GAUGE'
  | 2
  | 'KIND_CUMULATIVE'
  | 3

export type Kind__Output = typeof Kind[keyof typeof Kind]
