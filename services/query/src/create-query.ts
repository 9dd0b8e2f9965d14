import compress from '@fastify/compress';
import {
  createMetrics,
  type Logger,
  type RunningService,
  startService,
  systemClock,
} from '@everflame/service-kit';
import { migrate, openClickHouse } from '@everflame/storage';
import { ClickHouseStackDictionary } from './adapters/clickhouse-stack-dictionary.ts';
import { Demangler } from './adapters/demangler.ts';
import { DemanglingDictionary } from './adapters/demangling-dictionary.ts';
import { QueryContexts } from './adapters/context.ts';
import { serveDashboard } from './adapters/dashboard.ts';
import { Discovery } from './application/discovery.ts';
import { Flamegraphs } from './application/flamegraphs.ts';
import { ProfileMerger } from './application/merge-profiles.ts';
import { StackResolver } from './application/stack-resolver.ts';
import { Timelines } from './application/timelines.ts';
import { TopTables } from './application/top.ts';
import type { QueryConfig } from './config.ts';
import { QueryModule } from './query.module.ts';

const COMPRESS_FROM_BYTES = 1024;

/** Starts the query service: the read API and the dashboard. */
export async function createQuery(config: QueryConfig, logger: Logger): Promise<RunningService> {
  const clickhouse = openClickHouse(config.clickhouse);
  await migrate(clickhouse, { embedded: config.clickhouse.embedded });
  const demangler = startDemangler(logger);
  const dictionary = new DemanglingDictionary(new ClickHouseStackDictionary(clickhouse), demangler);
  const resolver = new StackResolver(dictionary, config.stackCacheBytes);
  const merger = new ProfileMerger(clickhouse, resolver);
  const module = QueryModule.forParts({
    contexts: new QueryContexts(systemClock, config.tenant, config.maxRangeDays),
    discovery: new Discovery(clickhouse),
    flamegraphs: new Flamegraphs(merger),
    timelines: new Timelines(clickhouse),
    topTables: new TopTables(merger),
    neighbours: config,
  });
  return startService({
    logger,
    metrics: createMetrics('everflame-query'),
    host: config.host,
    port: config.port,
    modules: [module],
    readinessChecks: [{ name: 'clickhouse', check: () => clickhouse.ping() }],
    configure: async (app) => {
      await app.register(compress, { threshold: COMPRESS_FROM_BYTES, encodings: ['br', 'gzip'] });
      await serveDashboard(app, config.dashboardDir);
    },
    onClose: async () => {
      await demangler?.close();
      await clickhouse.close();
    },
  });
}

/** None from source: Node runs no TypeScript, so there is no file that its thread could run. */
function startDemangler(logger: Logger): Demangler | undefined {
  if (import.meta.url.endsWith('.ts')) return undefined;
  return new Demangler(new URL('demangle.worker.js', import.meta.url), () => {
    logger.warn('A C++ or Rust name takes too long to demangle and is shown as it is.');
  });
}
