import {
  allowedHostsSchema,
  InvalidConfigError,
  portSchema,
  positiveIntSchema,
  readEnv,
} from '@everflame/service-kit';
import { z } from 'zod';

const MIB = 1024 * 1024;

const addressSchema = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):\d{1,5}$/, 'write host:port, such as 127.0.0.1:4042');

export const settingsSchema = z.object({
  SCRAPER_HOST: z.string().default('127.0.0.1'),
  SCRAPER_ALLOWED_HOSTS: allowedHostsSchema,
  SCRAPER_PORT: portSchema.default(4043),
  INGEST_GRPC_ADDRESS: addressSchema.default('127.0.0.1:4042'),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).default('redis://127.0.0.1:6390'),
  EVERFLAME_CONFIG: z.string().optional(),
  SCRAPER_SELF_TARGETS: z.string().default(''),
  SCRAPER_CONCURRENCY: positiveIntSchema.default(512),
  SCRAPER_MAX_BODY_BYTES: positiveIntSchema.default(16 * MIB),
  SCRAPER_MAX_DECOMPRESSED_BYTES: positiveIntSchema.default(64 * MIB),
  SCRAPER_TENANT: z.string().min(1).max(128).default('default'),
  SCRAPER_QUEUE_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_{}.-]{1,64}$/)
    .default('everflame'),
});

/** One of Everflame's own processes, profiled like any other target. */
export interface SelfTarget {
  readonly serviceName: string;
  /** `host:port` */
  readonly address: string;
}

/** Settings of the scraper; docs/settings.md lists them. */
export type ScraperConfig = Readonly<ReturnType<typeof readConfig>>;

/** Reads the settings from the environment; throws `InvalidConfigError` with every problem. */
export function readConfig(env: Readonly<Record<string, string | undefined>>) {
  const values = readEnv(settingsSchema, env);
  return {
    host: values.SCRAPER_HOST,
    allowedHosts: { variable: 'SCRAPER_ALLOWED_HOSTS', names: values.SCRAPER_ALLOWED_HOSTS },
    port: values.SCRAPER_PORT,
    ingestAddress: values.INGEST_GRPC_ADDRESS,
    redisUrl: values.REDIS_URL,
    /** Path of everflame.yaml; without one only the self targets are scraped. */
    configFile: values.EVERFLAME_CONFIG,
    selfTargets: parseSelfTargets(values.SCRAPER_SELF_TARGETS),
    /** Targets that are scraped at once. */
    concurrency: values.SCRAPER_CONCURRENCY,
    limits: {
      bodyBytes: values.SCRAPER_MAX_BODY_BYTES,
      decompressedBytes: values.SCRAPER_MAX_DECOMPRESSED_BYTES,
    },
    /** Whose the targets are. */
    tenant: values.SCRAPER_TENANT,
    /** First part of every Redis key. */
    queuePrefix: values.SCRAPER_QUEUE_PREFIX,
  };
}

/** Parses `name=host:port,…`. */
function parseSelfTargets(text: string): SelfTarget[] {
  const entries = text.split(',').map((entry) => entry.trim());
  const problems: string[] = [];
  const targets: SelfTarget[] = [];
  for (const entry of entries.filter((entry) => entry !== '')) {
    const [serviceName = '', address = ''] = entry.split('=', 2);
    if (serviceName === '' || !addressSchema.safeParse(address).success) {
      problems.push(`SCRAPER_SELF_TARGETS: "${entry}" is not name=host:port`);
    } else {
      targets.push({ serviceName, address });
    }
  }
  if (problems.length > 0) throw new InvalidConfigError(problems);
  return targets;
}
