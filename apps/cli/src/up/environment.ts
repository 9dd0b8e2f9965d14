import { join } from 'node:path';
import { addressOf, type Environment, type UpSettings } from './settings.ts';

const DEFAULT_SESSIONS = 4;
const SPARE_THREADS = 4;

export type ServiceName = 'ingest' | 'query' | 'scraper' | 'alerter';

/**
 * The environment of the embedded ClickHouse and of each service: `env` with every address filled in.
 * What the user set is kept.
 */
export function childEnvironments(
  settings: UpSettings,
  env: Environment,
  hasConfigFile: boolean,
): Record<ServiceName | 'clickhouse', Record<string, string>> {
  const shared = withDefaults(env, hasConfigFile ? { EVERFLAME_CONFIG: settings.configFile.path } : {});
  const wired = wiring(settings);
  return {
    clickhouse: withDefaults(shared, { ...wired.clickhouse, UV_THREADPOOL_SIZE: threadsFor(env) }),
    ingest: withDefaults(shared, { ...wired.stores, ...wired.ingest }),
    query: withDefaults(shared, { ...wired.stores, ...wired.query }),
    scraper: withDefaults(shared, { ...wired.stores, ...wired.scraper }),
    alerter: withDefaults(shared, { ...wired.stores, ...wired.alerter }),
  };
}

/** Each running statement holds a thread, and files, and the question whether the engine is alive, want some too. */
function threadsFor(env: Environment): string {
  const sessions = Number(env['CLICKHOUSE_EMBEDDED_SESSIONS'] || DEFAULT_SESSIONS);
  return String(Number.isInteger(sessions) ? sessions + SPARE_THREADS : DEFAULT_SESSIONS + SPARE_THREADS);
}

function wiring({ sockets, dataDir, clickhouseUrl, redisUrl }: UpSettings) {
  const address = {
    query: addressOf(sockets.query),
    ingest: addressOf(sockets.ingestHttp),
    scraper: addressOf(sockets.scraper),
    alerter: addressOf(sockets.alerter),
  };
  const selfTargets = Object.entries(address).map(([name, at]) => `everflame-${name}=${at}`);
  return {
    stores: {
      CLICKHOUSE_URL: clickhouseUrl ?? `http://${addressOf(sockets.clickhouse)}`,
      CLICKHOUSE_DATABASE: 'everflame',
      CLICKHOUSE_EMBEDDED: String(clickhouseUrl === undefined),
      REDIS_URL: redisUrl ?? `redis://${addressOf(sockets.redis)}`,
    },
    clickhouse: {
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
