import { fileURLToPath } from 'node:url';
import { flagSchema, portSchema, positiveIntSchema, readEnv } from '@everflame/service-kit';
import { z } from 'zod';

const DASHBOARD_DIST = fileURLToPath(new URL('../../../apps/dashboard/dist', import.meta.url));

const envSchema = z.object({
  QUERY_HOST: z.string().default('127.0.0.1'),
  QUERY_PORT: portSchema.default(4040),
  CLICKHOUSE_URL: z.url().default('http://127.0.0.1:8123'),
  CLICKHOUSE_DATABASE: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .default('everflame'),
  CLICKHOUSE_USERNAME: z.string().default('default'),
  CLICKHOUSE_PASSWORD: z.string().default(''),
  CLICKHOUSE_EMBEDDED: flagSchema.default(false),
  CLICKHOUSE_TIMEOUT_MS: positiveIntSchema.default(30_000),
  QUERY_TENANT: z.string().min(1).max(128).default('default'),
  QUERY_MAX_RANGE_DAYS: positiveIntSchema.default(400),
  QUERY_STACK_CACHE_BYTES: positiveIntSchema.default(256 * 1024 * 1024),
  SCRAPER_URL: z.url().default('http://127.0.0.1:4043'),
  ALERTER_URL: z.url().default('http://127.0.0.1:4044'),
  DASHBOARD_DIR: z.string().default(DASHBOARD_DIST),
});

/** Settings of the query service; docs/operations.md lists them. */
export interface QueryConfig {
  readonly host: string;
  readonly port: number;
  readonly clickhouse: {
    readonly url: string;
    readonly database: string;
    readonly username: string;
    readonly password: string;
    readonly embedded: boolean;
    readonly requestTimeoutMs: number;
  };
  readonly tenant: string;
  readonly maxRangeDays: number;
  readonly stackCacheBytes: number;
  readonly scraperUrl: string;
  readonly alerterUrl: string;
  /** Folder of the built dashboard. */
  readonly dashboardDir: string;
}

/** Reads the settings from the environment; throws `InvalidConfigError` with every problem. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): QueryConfig {
  const values = readEnv(envSchema, env);
  return {
    host: values.QUERY_HOST,
    port: values.QUERY_PORT,
    clickhouse: {
      url: values.CLICKHOUSE_URL,
      database: values.CLICKHOUSE_DATABASE,
      username: values.CLICKHOUSE_USERNAME,
      password: values.CLICKHOUSE_PASSWORD,
      embedded: values.CLICKHOUSE_EMBEDDED,
      requestTimeoutMs: values.CLICKHOUSE_TIMEOUT_MS,
    },
    tenant: values.QUERY_TENANT,
    maxRangeDays: values.QUERY_MAX_RANGE_DAYS,
    stackCacheBytes: values.QUERY_STACK_CACHE_BYTES,
    scraperUrl: values.SCRAPER_URL,
    alerterUrl: values.ALERTER_URL,
    dashboardDir: values.DASHBOARD_DIR,
  };
}
