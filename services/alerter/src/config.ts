import {
  allowedHostsSchema,
  clickhouseConfig,
  clickhouseShape,
  portSchema,
  positiveIntSchema,
  readEnv,
} from '@everflame/service-kit';
import { z } from 'zod';

export const settingsSchema = z.object({
  ALERTER_HOST: z.string().default('127.0.0.1'),
  ALERTER_ALLOWED_HOSTS: allowedHostsSchema,
  ALERTER_PORT: portSchema.default(4044),
  ...clickhouseShape,
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).default('redis://127.0.0.1:6390'),
  QUERY_URL: z.url().default('http://127.0.0.1:4040'),
  DASHBOARD_URL: z.url().default('http://127.0.0.1:4040'),
  EVERFLAME_CONFIG: z.string().optional(),
  ALERTER_TENANT: z.string().min(1).max(128).default('default'),
  ALERTER_QUEUE_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_{}-]+$/)
    .max(64)
    .default('everflame'),
  ALERTER_CONCURRENCY: positiveIntSchema.default(4),
  ALERTER_RECONCILE_EVERY_MS: positiveIntSchema.default(30_000),
  ALERTER_QUERY_TIMEOUT_MS: positiveIntSchema.default(10_000),
  ALERTER_WEBHOOK_TIMEOUT_MS: positiveIntSchema.default(5000),
});

/** Settings of the alerter; docs/settings.md lists them. */
export type AlerterConfig = Readonly<ReturnType<typeof readConfig>>;

/** Reads the settings from the environment; throws `InvalidConfigError` with every problem. */
export function readConfig(env: Readonly<Record<string, string | undefined>>) {
  const values = readEnv(settingsSchema, env);
  return {
    host: values.ALERTER_HOST,
    allowedHosts: { variable: 'ALERTER_ALLOWED_HOSTS', names: values.ALERTER_ALLOWED_HOSTS },
    port: values.ALERTER_PORT,
    clickhouse: clickhouseConfig(values),
    redisUrl: values.REDIS_URL,
    /** Base of the query API, which says which functions grew. */
    queryUrl: values.QUERY_URL,
    /** Base of the links in notifications. */
    dashboardUrl: values.DASHBOARD_URL,
    /** everflame.yaml with file rules; the same one for every alerter. */
    everflameFile: values.EVERFLAME_CONFIG,
    tenant: values.ALERTER_TENANT,
    /** Before every key in Redis; alerters with one prefix share the work. */
    queuePrefix: values.ALERTER_QUEUE_PREFIX,
    /** Rules that are evaluated at once. */
    concurrency: values.ALERTER_CONCURRENCY,
    reconcileEveryMs: values.ALERTER_RECONCILE_EVERY_MS,
    queryTimeoutMs: values.ALERTER_QUERY_TIMEOUT_MS,
    webhookTimeoutMs: values.ALERTER_WEBHOOK_TIMEOUT_MS,
  };
}
