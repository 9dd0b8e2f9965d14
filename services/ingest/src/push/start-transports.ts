import { INGEST_PACKAGE } from '@everflame/contract/grpc';
import { everyoneIs, type Logger, type RunningService, startService } from '@everflame/service-kit';
import type { ModuleMetadata } from '@nestjs/common';
import type { IngestMetrics } from '../adapters/metrics.ts';
import { StreamLimits } from '../application/limits/stream-limits.ts';
import type { ProfileReceiver } from '../application/receive-profile.ts';
import type { IngestConfig } from '../config.ts';
import { ConnectionLimit } from './connection-limit.ts';
import { pushMessageBounds, pushMessageDecoder } from './everflame/grpc/push-message.ts';
import { PushController } from './everflame/grpc/push.controller.ts';
import { pushServiceDefinition } from './everflame/grpc/push-service.ts';
import { everflameHttpPush } from './everflame/http/http-push.ts';
import { startGrpc } from './grpc/start-grpc.ts';
import { servePushRoutes } from './http/push-routes.ts';
import { PushIntake } from './push-intake.ts';

export interface Receiving {
  readonly receiver: ProfileReceiver;
  readonly metrics: IngestMetrics;
  /** Controllers besides those of pushes, and what they are given. */
  readonly api?: ModuleMetadata;
  readonly readinessChecks: Parameters<typeof startService>[0]['readinessChecks'];
  /** Called when nothing comes in any more, or nothing could. */
  readonly onClose: () => Promise<void>;
}

/**
 * Opens HTTP and gRPC. Each protocol makes incoming profiles of its pushes: Everflame's own in
 * `everflame/http/http-push.ts` and `everflame/grpc/push.controller.ts`. A further one adds its routes and services here.
 */
export async function startTransports(
  config: IngestConfig,
  logger: Logger,
  { receiver, metrics, api: { controllers = [], providers = [] } = {}, readinessChecks, onClose }: Receiving,
): Promise<RunningService> {
  const { host, allowedHosts, limits } = config;
  const authenticate = everyoneIs({ tenant: config.tenant });
  const connections = new ConnectionLimit(limits, metrics);
  const streams = new StreamLimits(limits.streams);
  const arriving = connections.budget;
  const intake = new PushIntake({ authenticate, receiver, metrics, logger, streams, arriving });
  const bodyLimitBytes = limits.compressedBytes;
  const close = (): Promise<void> => {
    connections.close();
    return onClose();
  };
  return startService({
    logger,
    metrics: metrics.registry,
    host,
    allowedHosts,
    port: config.httpPort,
    api: {
      controllers: [PushController, ...controllers],
      providers: [{ provide: PushIntake, useValue: intake }, ...providers],
    },
    authenticate,
    readinessChecks,
    boundsConnections: true,
    configure: async (app) => {
      const http = app.getHttpServer();
      servePushRoutes(http, [everflameHttpPush(intake)], { authenticate, bodyLimitBytes, logger });
      connections.guardHttp(http);
      const servers = await startGrpc(app, {
        address: `${host}:${config.grpcPort}`,
        package: INGEST_PACKAGE,
        definition: pushServiceDefinition(pushMessageDecoder(limits)),
        bounds: pushMessageBounds(limits),
        maxStreams: limits.streams,
        onPassedOver: (peer, bytes) => arriving.letGo(peer, bytes),
      });
      for (const server of servers) connections.guardGrpc(server);
    },
    onClose: close,
  }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
}
