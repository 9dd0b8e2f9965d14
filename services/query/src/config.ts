import { fileURLToPath } from 'node:url';
import {
  allowedHostsSchema,
  clickhouseConfig,
  clickhouseShape,
  portSchema,
  positiveIntSchema,
  readEnv,
} from '@everflame/service-kit';
import { z } from 'zod';

const DASHBOARD_DIST = fileURLToPath(new URL('../../../apps/dashboard/dist', import.meta.url));

const MIB = 1024 * 1024;

export const settingsSchema = z.object({
  QUERY_HOST: z.string().default('127.0.0.1'),
  QUERY_ALLOWED_HOSTS: allowedHostsSchema,
  QUERY_PORT: portSchema.default(4040),
  ...clickhouseShape,
  QUERY_TENANT: z.string().min(1).max(128).default('default'),
  QUERY_MAX_RANGE_DAYS: positiveIntSchema.default(400),
  QUERY_STACK_CACHE_BYTES: positiveIntSchema.default(256 * MIB),
  QUERY_CACHE_BYTES: z.coerce
    .number()
    .int()
    .min(0)
    .default(256 * MIB),
  QUERY_MAX_RUNNING: positiveIntSchema.default(8),
  QUERY_MAX_WAITING: positiveIntSchema.default(200),
  QUERY_MAX_READ_ROWS: positiveIntSchema.default(200_000_000),
  QUERY_MAX_READ_BYTES: positiveIntSchema.default(64 * 1024 * MIB),
  QUERY_MAX_MEMORY_BYTES: positiveIntSchema.default(4 * 1024 * MIB),
  QUERY_MAX_RESULT_ROWS: positiveIntSchema.default(1_000_000),
  QUERY_MAX_RESULT_BYTES: positiveIntSchema.default(256 * MIB),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).default('redis://127.0.0.1:6390'),
  QUERY_INGEST_URL: z.url().default('http://127.0.0.1:4041'),
  SCRAPER_URL: z.url().default('http://127.0.0.1:4043'),
  ALERTER_URL: z.url().default('http://127.0.0.1:4044'),
  DASHBOARD_DIR: z.string().default(DASHBOARD_DIST),
});

/** Settings of the query service; docs/settings.md lists them. */
export type QueryConfig = Readonly<ReturnType<typeof readConfig>>;

/** Reads the settings from the environment; throws `InvalidConfigError` with every problem. */
export function readConfig(env: Readonly<Record<string, string | undefined>>) {
  const values = readEnv(settingsSchema, env);
  return {
    host: values.QUERY_HOST,
    allowedHosts: { variable: 'QUERY_ALLOWED_HOSTS', names: values.QUERY_ALLOWED_HOSTS },
    port: values.QUERY_PORT,
    clickhouse: clickhouseConfig(values),
    tenant: values.QUERY_TENANT,
    maxRangeDays: values.QUERY_MAX_RANGE_DAYS,
    stackCacheBytes: values.QUERY_STACK_CACHE_BYTES,
    /** Budget of the answers cached in Redis; 0 caches none. */
    cacheBytes: values.QUERY_CACHE_BYTES,
    redisUrl: values.REDIS_URL,
    /** Queries at once, and how many more may wait. */
    maxRunning: values.QUERY_MAX_RUNNING,
    maxWaiting: values.QUERY_MAX_WAITING,
    /** What one statement may use before ClickHouse stops it, which is answered with `query_too_expensive`. */
    readSettings: {
      max_rows_to_read: String(values.QUERY_MAX_READ_ROWS),
      max_bytes_to_read: String(values.QUERY_MAX_READ_BYTES),
      max_memory_usage: String(values.QUERY_MAX_MEMORY_BYTES),
      max_result_rows: String(values.QUERY_MAX_RESULT_ROWS),
      max_result_bytes: String(values.QUERY_MAX_RESULT_BYTES),
    },
    ingestUrl: values.QUERY_INGEST_URL,
    scraperUrl: values.SCRAPER_URL,
    alerterUrl: values.ALERTER_URL,
    /** Folder of the built dashboard. */
    dashboardDir: values.DASHBOARD_DIR,
  };
}
