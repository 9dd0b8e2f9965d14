import {
  INGEST_PACKAGE,
  INGEST_PROTO_FILE,
  INGEST_SERVICE,
  PROTO_LOADER_OPTIONS,
} from '@everflame/contract/grpc';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import type { PushMessageDecoder } from './push-message.ts';

/**
 * The service as `proto/` defines it, except that a message that cannot be decoded is handed on as refused, because gRPC
 * would end the whole stream for it.
 */
export function pushServiceDefinition(decode: PushMessageDecoder): PackageDefinition {
  const definition = loadSync(INGEST_PROTO_FILE, PROTO_LOADER_OPTIONS);
  const service = definition[`${INGEST_PACKAGE}.${INGEST_SERVICE}`];
  if (service === undefined) throw new Error(`${INGEST_PROTO_FILE} has no ${INGEST_SERVICE}.`);
  for (const method of Object.values(service)) {
    if (typeof method === 'object' && 'requestDeserialize' in method) method.requestDeserialize = decode;
  }
  return definition;
}
