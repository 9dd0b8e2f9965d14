import { INGEST_PACKAGE } from '@everflame/contract/grpc';
import { DomainError } from '@everflame/profile';
import { type Logger, type RunningService, startService } from '@everflame/service-kit';
import { type GrpcOptions, type MicroserviceOptions, Transport } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConnectionLimit } from './connection-limit.ts';
import { servePushesDirectly } from './everflame/http/http-push.ts';
import { withReceiveWindows } from './everflame/grpc/http2-windows.ts';
import { readMessagesWithin } from './everflame/grpc/message-reader.ts';
import type { IngestMetrics } from '../adapters/metrics.ts';
import { PushDoor } from './push-intake.ts';
import { pushRequestBounds, pushRequestDecoder } from './everflame/grpc/push-message.ts';
import { pushServiceDefinition } from './everflame/grpc/push-service.ts';
import { StreamLimits } from '../application/limits/stream-limits.ts';
import type { ProfileReceiver } from '../application/receive-profile.ts';
import type { IngestConfig } from '../config.ts';
import { IngestModule } from '../ingest.module.ts';

/** Calls with one profile each that a connection may have open, besides its streams. */
const CALLS_PER_CONNECTION = 192;

/** A connection that does not answer a ping in time is closed: its other end is gone without saying so. */
const KEEPALIVE = { keepaliveTimeMs: 60_000, keepaliveTimeoutMs: 20_000 };

export interface Doors {
  readonly receiver: ProfileReceiver;
  readonly metrics: IngestMetrics;
  readonly readinessChecks: Parameters<typeof startService>[0]['readinessChecks'];
  /** Called when the doors are closed, or could not be opened. */
  readonly onClose: () => Promise<void>;
}

/** Opens the HTTP and gRPC doors to a receiver. */
export async function openDoors(config: IngestConfig, logger: Logger, doors: Doors): Promise<RunningService> {
  const { receiver, metrics, readinessChecks } = doors;
  const connections = new ConnectionLimit(config.limits, metrics);
  const onClose = (): Promise<void> => {
    connections.close();
    return doors.onClose();
  };
  const streams = new StreamLimits(config.limits.streams);
  const door = new PushDoor(receiver, metrics, logger, { streams, connections });
  return startService({
    logger,
    metrics: metrics.registry,
    host: config.host,
    allowedHosts: config.allowedHosts,
    port: config.httpPort,
    bodyLimitBytes: config.limits.compressedBytes,
    rawBodies: true,
    modules: [IngestModule.forDoor(door, config.tenant)],
    readinessChecks,
    boundsConnections: true,
    configure: async (app) => {
      servePushes(app, config, door, logger);
      connections.guardHttp(app.getHttpServer());
      const servers = await withReceiveWindows(() => openGrpc(app, config, connections));
      for (const server of servers) connections.guardGrpc(server);
    },
    onClose,
  }).catch(async (error: unknown) => {
    await onClose();
    throw error;
  });
}

function servePushes(
  app: NestFastifyApplication,
  config: IngestConfig,
  door: PushDoor,
  logger: Logger,
): void {
  let isClosing = false;
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('preClose', (done) => {
      isClosing = true;
      done();
    });
  servePushesDirectly(app.getHttpServer(), {
    door,
    tenant: config.tenant,
    bodyLimitBytes: config.limits.compressedBytes,
    logger,
    isClosing: () => isClosing,
  });
}

async function openGrpc(
  app: NestFastifyApplication,
  config: IngestConfig,
  connections: ConnectionLimit,
): Promise<void> {
  const { limits } = config;
  const onPassedOver = (peer: string, bytes: number): void => connections.letGo(peer, bytes);
  const reader = readMessagesWithin(pushRequestBounds(limits), onPassedOver);
  const options: GrpcOptions['options'] = {
    package: INGEST_PACKAGE,
    packageDefinition: pushServiceDefinition(pushRequestDecoder(limits)),
    url: `${config.host}:${config.grpcPort}`,
    keepalive: KEEPALIVE,
    channelOptions: {
      interceptors: [reader],
      'grpc.max_concurrent_streams': limits.streams + CALLS_PER_CONNECTION,
    },
    gracefulShutdown: true,
  };
  app.connectMicroservice<MicroserviceOptions>({ transport: Transport.GRPC, options });
  try {
    await app.startAllMicroservices();
  } catch (error) {
    throw new DomainError(
      'conflict',
      'port_in_use',
      `Port ${config.grpcPort} on ${config.host} cannot be opened.`,
      {
        hint: 'End the program that uses it, or set INGEST_GRPC_PORT to another port.',
        cause: error,
      },
    );
  }
}
