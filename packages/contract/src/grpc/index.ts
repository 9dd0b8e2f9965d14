import { fileURLToPath } from 'node:url';
import {
  credentials,
  type ChannelCredentials,
  type ClientOptions,
  loadPackageDefinition,
} from '@grpc/grpc-js';
import { loadSync, type Options } from '@grpc/proto-loader';
import type { IngestServiceClient } from '../generated/everflame/ingest/v1/IngestService.ts';
import type { ProtoGrpcType } from '../generated/ingest.ts';
export type { IngestServiceClient } from '../generated/everflame/ingest/v1/IngestService.ts';
/** @public Servers of the service take it. */
export type { PushRequest__Output } from '../generated/everflame/ingest/v1/PushRequest.ts';
export type { PushRequest } from '../generated/everflame/ingest/v1/PushRequest.ts';
export type { PushResponse, PushResponse__Output } from '../generated/everflame/ingest/v1/PushResponse.ts';
export const INGEST_PACKAGE = 'everflame.ingest.v1';
export const INGEST_SERVICE = 'IngestService';
export const INGEST_PROTO_FILE = 'everflame/ingest/v1/ingest.proto';

/** Folder of the .proto files: `proto/` at the root of the checkout. */
export const PROTO_DIR = fileURLToPath(new URL('../../../../proto', import.meta.url));

/** How both ends load the definitions; must agree with scripts/generate.mjs. 64-bit integers travel as decimal text. */
export const PROTO_LOADER_OPTIONS: Options = {
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
  includeDirs: [PROTO_DIR],
};

/** Largest gRPC message that clients send, in bytes; ingest says which it takes. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** A client for `IngestService` at `host:port`; close it when done. */
export function createIngestClient(
  address: string,
  options: ClientOptions = {},
  channelCredentials: ChannelCredentials = credentials.createInsecure(),
): IngestServiceClient {
  const definition = loadSync(INGEST_PROTO_FILE, PROTO_LOADER_OPTIONS);
  const loaded = loadPackageDefinition(definition) as unknown as ProtoGrpcType;
  return new loaded.everflame.ingest.v1.IngestService(address, channelCredentials, {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    ...options,
  });
}
