import { join } from 'node:path';
import type { Secrets } from './secrets.ts';
import { addressOf, type Environment, type UpSettings } from './settings.ts';

const DEFAULT_SESSIONS = 4;
const SPARE_THREADS = 4;

/** Left out of the environment of each process that does not need them. */
const CREDENTIALS = [
  'CLICKHOUSE_EMBEDDED_PASSWORD',
  'CLICKHOUSE_PASSWORD',
  'CLICKHOUSE_URL',
  'CLICKHOUSE_USERNAME',
  'REDIS_URL',
] as const;

export type ServiceName = 'ingest' | 'query' | 'scraper' | 'alerter';

/**
 * The environment of the stores and of each service: `env` with every address filled in, and with the credentials that
 * this process needs. What the user set is kept.
 */
export function childEnvironments(
  settings: UpSettings,
  env: Environment,
  { hasConfigFile, secrets }: { hasConfigFile: boolean; secrets: Secrets },
): Record<ServiceName | 'clickhouse' | 'redis', Record<string, string>> {
  const shared = withDefaults(env, hasConfigFile ? { EVERFLAME_CONFIG: settings.configFile.path } : {});
  for (const name of CREDENTIALS) delete shared[name];
  const wired = wiring(settings);
  const password = env['CLICKHOUSE_EMBEDDED_PASSWORD'] || secrets.clickhouse;
  const clickhouse = { ...wired.clickhouse, ...clickhouseCredentials(settings, env, password) };
  const redis = {
    REDIS_URL: settings.redisUrl ?? `redis://:${secrets.redis}@${addressOf(settings.sockets.redis)}`,
  };
  return {
    clickhouse: {
      ...withDefaults(shared, { ...wired.engine, UV_THREADPOOL_SIZE: threadsFor(env) }),
      CLICKHOUSE_EMBEDDED_PASSWORD: password,
    },
    redis: shared,
    ingest: withDefaults(shared, { ...clickhouse, ...wired.ingest }),
    query: withDefaults(shared, { ...clickhouse, ...redis, ...wired.query }),
    scraper: withDefaults(shared, { ...redis, ...wired.scraper }),
    alerter: withDefaults(shared, { ...clickhouse, ...redis, ...wired.alerter }),
  };
}

function clickhouseCredentials(
  { clickhouseUrl, sockets }: UpSettings,
  env: Environment,
  password: string,
): Record<string, string> {
  if (clickhouseUrl === undefined) {
    return {
      CLICKHOUSE_URL: `http://${addressOf(sockets.clickhouse)}`,
      CLICKHOUSE_USERNAME: 'default',
      CLICKHOUSE_PASSWORD: password,
    };
  }
  const { CLICKHOUSE_USERNAME, CLICKHOUSE_PASSWORD } = env;
  return withDefaults({ CLICKHOUSE_USERNAME, CLICKHOUSE_PASSWORD }, { CLICKHOUSE_URL: clickhouseUrl });
}

/** Each running statement holds a thread, and files, and the question whether the engine is alive, want some too. */
function threadsFor(env: Environment): string {
  const sessions = Number(env['CLICKHOUSE_EMBEDDED_SESSIONS'] || DEFAULT_SESSIONS);
  return String(Number.isInteger(sessions) ? sessions + SPARE_THREADS : DEFAULT_SESSIONS + SPARE_THREADS);
}

function wiring({ sockets, dataDir, clickhouseUrl }: UpSettings) {
  const address = {
    query: addressOf(sockets.query),
    ingest: addressOf(sockets.ingestHttp),
    scraper: addressOf(sockets.scraper),
    alerter: addressOf(sockets.alerter),
  };
  const selfTargets = Object.entries(address).map(([name, at]) => `everflame-${name}=${at}`);
  return {
    clickhouse: {
      CLICKHOUSE_DATABASE: 'everflame',
      CLICKHOUSE_EMBEDDED: String(clickhouseUrl === undefined),
    },
    engine: {
      CLICKHOUSE_EMBEDDED_DATA_DIR: join(dataDir, 'clickhouse'),
      CLICKHOUSE_EMBEDDED_HOST: sockets.clickhouse.host,
      CLICKHOUSE_EMBEDDED_PORT: String(sockets.clickhouse.port),
    },
    ingest: {
      INGEST_SPOOL_DIR: join(dataDir, 'spool'),
      INGEST_HOST: sockets.ingestHttp.host,
      INGEST_HTTP_PORT: String(sockets.ingestHttp.port),
      INGEST_GRPC_PORT: String(sockets.ingestGrpc.port),
    },
    query: {
      QUERY_HOST: sockets.query.host,
      QUERY_PORT: String(sockets.query.port),
      QUERY_INGEST_URL: `http://${address.ingest}`,
      SCRAPER_URL: `http://${address.scraper}`,
      ALERTER_URL: `http://${address.alerter}`,
    },
    scraper: {
      SCRAPER_HOST: sockets.scraper.host,
      SCRAPER_PORT: String(sockets.scraper.port),
      INGEST_GRPC_ADDRESS: addressOf(sockets.ingestGrpc),
      SCRAPER_SELF_TARGETS: selfTargets.join(','),
    },
    alerter: {
      ALERTER_HOST: sockets.alerter.host,
      ALERTER_PORT: String(sockets.alerter.port),
      QUERY_URL: `http://${address.query}`,
      DASHBOARD_URL: `http://${address.query}`,
    },
  };
}

/** `env` plus what it leaves out; an empty variable counts as left out. */
function withDefaults(env: Environment, defaults: Record<string, string>): Record<string, string> {
  const present = Object.entries(env).filter(([, value]) => value !== undefined && value !== '');
  return { ...defaults, ...(Object.fromEntries(present) as Record<string, string>) };
}
