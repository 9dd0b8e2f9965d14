import {
  INGEST_PACKAGE,
  INGEST_PROTO_FILE,
  MAX_MESSAGE_BYTES,
  PROTO_LOADER_OPTIONS,
} from '@everflame/contract/grpc';
import { DomainError } from '@everflame/profile';
import { type Logger, type RunningService, startService, systemClock } from '@everflame/service-kit';
import { migrate, openClickHouse } from '@everflame/storage';
import { type MicroserviceOptions, Transport } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ClickHouseProfileStore } from './adapters/clickhouse-profile-store.ts';
import { IngestMetrics } from './adapters/metrics.ts';
import { PushDoor } from './adapters/push-door.ts';
import { BatchWriter } from './application/batch-writer.ts';
import { ProfileReceiver } from './application/receive-profile.ts';
import { RowAppender } from './application/row-appender.ts';
import type { IngestConfig } from './config.ts';
import { IngestModule } from './ingest.module.ts';

/** Starts the ingest service: brings the schema up to date, then opens the HTTP and gRPC doors. */
export async function createIngest(config: IngestConfig, logger: Logger): Promise<RunningService> {
  const clickhouse = openClickHouse(config.clickhouse);
  await migrate(clickhouse, { embedded: config.clickhouse.embedded });
  const metrics = new IngestMetrics();
  const appender = new RowAppender(config.retentionDays);
  const writer = new BatchWriter(new ClickHouseProfileStore(clickhouse), config.batch, logger, () =>
    appender.forget(),
  );
  metrics.pendingBytes.set(0);
  const receiver = new ProfileReceiver(writer, appender, config, systemClock);
  const door = new PushDoor(receiver, metrics, logger);
  return startService({
    logger,
    metrics: metrics.registry,
    host: config.host,
    port: config.httpPort,
    bodyLimitBytes: config.limits.compressedBytes,
    rawBodies: true,
    modules: [IngestModule.forDoor(door, config.tenant)],
    readinessChecks: [
      { name: 'clickhouse', check: () => clickhouse.ping() },
      { name: 'writes', check: () => checkWrites(writer) },
    ],
    configure: (app) => openGrpc(app, config),
    onClose: async () => {
      await writer.drain();
      await clickhouse.close();
    },
  });
}

function checkWrites(writer: BatchWriter): Promise<void> {
  return writer.failure === ''
    ? Promise.resolve()
    : Promise.reject(new Error(`writes fail: ${writer.failure}`));
}

async function openGrpc(app: NestFastifyApplication, config: IngestConfig): Promise<void> {
  app.connectMicroservice<MicroserviceOptions>({
    transport: Transport.GRPC,
    options: {
      package: INGEST_PACKAGE,
      protoPath: INGEST_PROTO_FILE,
      loader: PROTO_LOADER_OPTIONS,
      url: `${config.host}:${config.grpcPort}`,
      maxReceiveMessageLength: MAX_MESSAGE_BYTES,
      gracefulShutdown: true,
    },
  });
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
