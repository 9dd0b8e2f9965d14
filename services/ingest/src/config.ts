import { flagSchema, portSchema, positiveIntSchema, readEnv } from '@everflame/service-kit';
import { z } from 'zod';

const MIB = 1024 * 1024;

const envSchema = z.object({
  INGEST_HOST: z.string().default('127.0.0.1'),
  INGEST_HTTP_PORT: portSchema.default(4041),
  INGEST_GRPC_PORT: portSchema.default(4042),
  CLICKHOUSE_URL: z.url().default('http://127.0.0.1:8123'),
  CLICKHOUSE_DATABASE: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .default('everflame'),
  CLICKHOUSE_USERNAME: z.string().default('default'),
  CLICKHOUSE_PASSWORD: z.string().default(''),
  CLICKHOUSE_EMBEDDED: flagSchema.default(false),
  CLICKHOUSE_TIMEOUT_MS: positiveIntSchema.default(30_000),
  INGEST_TENANT: z.string().min(1).max(128).default('default'),
  INGEST_RETENTION_DAYS: z.coerce.number().int().min(1).max(3650).default(14),
  INGEST_FLUSH_INTERVAL_MS: positiveIntSchema.default(500),
  INGEST_FLUSH_BYTES: positiveIntSchema.default(8 * MIB),
  INGEST_MAX_PENDING_BYTES: positiveIntSchema.default(256 * MIB),
  INGEST_MAX_COMPRESSED_BYTES: positiveIntSchema.default(16 * MIB),
  INGEST_MAX_DECOMPRESSED_BYTES: positiveIntSchema.default(64 * MIB),
  INGEST_MAX_SAMPLES: positiveIntSchema.default(1_000_000),
  INGEST_MAX_DEPTH: positiveIntSchema.default(1024),
});

/** Settings of the ingest service; docs/operations.md lists them. */
export interface IngestConfig {
  readonly host: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly clickhouse: {
    readonly url: string;
    readonly database: string;
    readonly username: string;
    readonly password: string;
    readonly embedded: boolean;
    readonly requestTimeoutMs: number;
  };
  readonly tenant: string;
  readonly retentionDays: number;
  readonly batch: {
    readonly flushIntervalMs: number;
    readonly flushBytes: number;
    readonly maxPendingBytes: number;
  };
  readonly limits: {
    readonly compressedBytes: number;
    readonly decompressedBytes: number;
    readonly samples: number;
    readonly depth: number;
  };
}

/** Reads the settings from the environment; throws `InvalidConfigError` with every problem. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): IngestConfig {
  const values = readEnv(envSchema, env);
  return {
    host: values.INGEST_HOST,
    httpPort: values.INGEST_HTTP_PORT,
    grpcPort: values.INGEST_GRPC_PORT,
    clickhouse: {
      url: values.CLICKHOUSE_URL,
      database: values.CLICKHOUSE_DATABASE,
      username: values.CLICKHOUSE_USERNAME,
      password: values.CLICKHOUSE_PASSWORD,
      embedded: values.CLICKHOUSE_EMBEDDED,
      requestTimeoutMs: values.CLICKHOUSE_TIMEOUT_MS,
    },
    tenant: values.INGEST_TENANT,
    retentionDays: values.INGEST_RETENTION_DAYS,
    batch: {
      flushIntervalMs: values.INGEST_FLUSH_INTERVAL_MS,
      flushBytes: values.INGEST_FLUSH_BYTES,
      maxPendingBytes: values.INGEST_MAX_PENDING_BYTES,
    },
    limits: {
      compressedBytes: values.INGEST_MAX_COMPRESSED_BYTES,
      decompressedBytes: values.INGEST_MAX_DECOMPRESSED_BYTES,
      samples: values.INGEST_MAX_SAMPLES,
      depth: values.INGEST_MAX_DEPTH,
    },
  };
}
