import { availableParallelism } from 'node:os';
import { PROFILE_BOUNDS } from '@everflame/profile';
import {
  allowedHostsSchema,
  clickhouseConfig,
  clickhouseShape,
  InvalidConfigError,
  portSchema,
  positiveIntSchema,
  readEnv,
} from '@everflame/service-kit';
import { DEFAULT_RETENTION_DAYS, DEFAULT_ROLLUP_DAYS, DEFAULT_ROLLUP_OPTIONS } from '@everflame/storage';
import { z } from 'zod';
import { LIMITS, mapLimits } from './application/limits/limit-settings.ts';
import type { RetentionClass } from './application/retention.ts';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const MAX_DEFAULT_WORKERS = 8;

const daysSchema = z.coerce.number().int().min(1).max(PROFILE_BOUNDS.retentionDays.max);

export const settingsSchema = z.object({
  INGEST_HOST: z.string().default('127.0.0.1'),
  INGEST_ALLOWED_HOSTS: allowedHostsSchema,
  INGEST_HTTP_PORT: portSchema.default(4041),
  INGEST_GRPC_PORT: portSchema.default(4042),
  ...clickhouseShape,
  INGEST_TENANT: z.string().min(1).max(128).default('default'),
  INGEST_RETENTION_DAYS: daysSchema.default(DEFAULT_RETENTION_DAYS),
  INGEST_ROLLUP_RETENTION_DAYS: daysSchema.default(DEFAULT_ROLLUP_DAYS),
  EVERFLAME_CONFIG: z.string().optional(),
  INGEST_WORKERS: z.coerce.number().int().min(1).max(256).default(defaultWorkers()),
  INGEST_SPOOL_DIR: z.string().min(1).default('.everflame/spool'),
  INGEST_SPOOL_MAX_BYTES: positiveIntSchema.default(1024 * MIB),
  INGEST_QUARANTINE_MAX_BYTES: positiveIntSchema.default(256 * MIB),
  INGEST_QUARANTINE_MAX_HOURS: positiveIntSchema.default(30 * 24),
  INGEST_SPOOL_SEGMENT_BYTES: positiveIntSchema.default(8 * MIB),
  INGEST_SPOOL_SEGMENT_AGE_MS: positiveIntSchema.default(500),
  INGEST_MAX_PENDING_BYTES: positiveIntSchema.default(128 * MIB),
  ROLLUP_EVERY_MS: positiveIntSchema.default(60_000),
  ROLLUP_GRACE_MS: positiveIntSchema.default(DEFAULT_ROLLUP_OPTIONS.graceMs),
  ROLLUP_SETTLE_MS: positiveIntSchema.default(DEFAULT_ROLLUP_OPTIONS.settleMs),
  ROLLUP_MAX_BUCKETS: positiveIntSchema.default(DEFAULT_ROLLUP_OPTIONS.maxBuckets),
});

export const limitsSchema = z.object(
  Object.fromEntries(
    Object.values(LIMITS).map(({ variable, fallback }) => [variable, positiveIntSchema.default(fallback)]),
  ),
);

/** Settings of the ingest service; docs/settings.md lists them. */
export type IngestConfig = Readonly<ReturnType<typeof readConfig>>;

/** One per core: receiving takes a fifth of what flattening takes, so a core kept free for it would mostly idle. */
function defaultWorkers(): number {
  return Math.min(MAX_DEFAULT_WORKERS, availableParallelism());
}

/** Reads the settings from the environment; throws `InvalidConfigError` with every problem. */
export function readConfig(env: Readonly<Record<string, string | undefined>>) {
  const values = readEnv(settingsSchema.and(limitsSchema), env);
  return {
    host: values.INGEST_HOST,
    allowedHosts: { variable: 'INGEST_ALLOWED_HOSTS', names: values.INGEST_ALLOWED_HOSTS },
    httpPort: values.INGEST_HTTP_PORT,
    grpcPort: values.INGEST_GRPC_PORT,
    clickhouse: clickhouseConfig(values),
    tenant: values.INGEST_TENANT,
    /** Path of everflame.yaml; without one everything is kept alike. */
    configFile: values.EVERFLAME_CONFIG,
    /** For series that no rule of the file matches. */
    retention: readRetention(values.INGEST_RETENTION_DAYS, values.INGEST_ROLLUP_RETENTION_DAYS),
    /** Threads that flatten. */
    workers: values.INGEST_WORKERS,
    spool: {
      folder: values.INGEST_SPOOL_DIR,
      /** What it may take on disk, without the quarantine. */
      budgetBytes: values.INGEST_SPOOL_MAX_BYTES,
      quarantineBytes: values.INGEST_QUARANTINE_MAX_BYTES,
      /** What was set aside longer ago is removed. */
      quarantineAgeMs: values.INGEST_QUARANTINE_MAX_HOURS * HOUR_MS,
      segmentBytes: values.INGEST_SPOOL_SEGMENT_BYTES,
      segmentAgeMs: values.INGEST_SPOOL_SEGMENT_AGE_MS,
    },
    limits: {
      ...mapLimits(({ variable }) => Number(values[variable])),
      /** Bytes of profiles on their way from the network to the disk. */
      pendingBytes: values.INGEST_MAX_PENDING_BYTES,
    },
    rollup: {
      everyMs: values.ROLLUP_EVERY_MS,
      graceMs: values.ROLLUP_GRACE_MS,
      settleMs: values.ROLLUP_SETTLE_MS,
      maxBuckets: values.ROLLUP_MAX_BUCKETS,
    },
  };
}

function readRetention(days: number, rollupDays: number): RetentionClass {
  if (days <= rollupDays) return { days, rollupDays };
  throw new InvalidConfigError([
    `INGEST_ROLLUP_RETENTION_DAYS: ${rollupDays} is less than INGEST_RETENTION_DAYS, ${days}`,
  ]);
}
