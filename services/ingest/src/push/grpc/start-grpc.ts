import type { Http2Server } from 'node:http2';
import { DomainError } from '@everflame/profile';
import type { PackageDefinition } from '@grpc/proto-loader';
import { type GrpcOptions, type MicroserviceOptions, Transport } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { withReceiveWindows } from './http2-windows.ts';
import { type MessageBounds, readMessagesWithin } from './message-reader.ts';

/** Calls with one profile each that a connection may have open, besides its streams. */
const CALLS_PER_CONNECTION = 192;

/** A connection that does not answer a ping in time is closed: its other end is gone without saying so. */
const KEEPALIVE = { keepaliveTimeMs: 60_000, keepaliveTimeoutMs: 20_000 };

export interface GrpcSettings {
  /** `host:port`. */
  readonly address: string;
  readonly package: string;
  readonly definition: PackageDefinition;
  readonly bounds: MessageBounds;
  /** Streams that one connection may have open. */
  readonly maxStreams: number;
  /** Told of bytes of a peer that belong to messages that are passed over. */
  readonly onPassedOver: (peer: string, bytes: number) => void;
}

/** Opens gRPC for the controllers of the application, and returns its servers. Throws `port_in_use`. */
export async function startGrpc(
  app: NestFastifyApplication,
  settings: GrpcSettings,
): Promise<readonly Http2Server[]> {
  const options: GrpcOptions['options'] = {
    package: settings.package,
    packageDefinition: settings.definition,
    url: settings.address,
    keepalive: KEEPALIVE,
    channelOptions: {
      interceptors: [readMessagesWithin(settings.bounds, settings.onPassedOver)],
      'grpc.max_concurrent_streams': settings.maxStreams + CALLS_PER_CONNECTION,
    },
    gracefulShutdown: true,
  };
  return withReceiveWindows(async () => {
    app.connectMicroservice<MicroserviceOptions>({ transport: Transport.GRPC, options });
    try {
      await app.startAllMicroservices();
    } catch (error) {
      throw new DomainError('conflict', 'port_in_use', `${settings.address} cannot be opened for gRPC.`, {
        hint: 'End the program that uses it, or set INGEST_GRPC_PORT to another port.',
        cause: error,
      });
    }
  });
}
