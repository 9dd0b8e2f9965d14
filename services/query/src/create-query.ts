import { createHash } from 'node:crypto';
import compress from '@fastify/compress';
import {
  everyoneIs,
  type Logger,
  type RunningService,
  type ServiceDefinition,
  startService,
} from '@everflame/service-kit';
import { type ClickHouse, migrate, openClickHouse } from '@everflame/storage';
import { ClickHouseStackDictionary } from './adapters/clickhouse-stack-dictionary.ts';
import { apiOf } from './adapters/http/api.ts';
import { COMPRESSION } from './adapters/http/compression.ts';
import { Demangler } from './adapters/demangler.ts';
import type { Asker } from './adapters/http/context.ts';
import { serveDashboard } from './adapters/http/dashboard.ts';
import { CachedAnswers } from './application/cache/cached-answers.ts';
import { currentSignal, QueryInterceptor } from './adapters/http/query.interceptor.ts';
import { RedisAnswerCache } from './adapters/redis-answer-cache.ts';
import { QueryMetrics } from './adapters/metrics.ts';
import { TreeThread } from './adapters/tree-thread.ts';
import { Doctor } from './application/answers/doctor.ts';
import { Admission } from './application/admission.ts';
import { Flamegraphs } from './application/answers/flamegraphs.ts';
import { ProfileMerger } from './application/stacks/merge-profiles.ts';
import { CachedMerge } from './application/cache/cached-merge.ts';
import { SingleProfiles } from './application/answers/single-profiles.ts';
import { StackQueries } from './application/stacks/stack-queries.ts';
import { StackResolver } from './application/stacks/stack-resolver.ts';
import { CachedTimelines } from './application/cache/cached-timelines.ts';
import { VersionBatches } from './application/cache/version-batches.ts';
import type { QueryConfig } from './config.ts';

/** Starts the query service: the read API and the dashboard. ClickHouse may come later. */
export async function createQuery(config: QueryConfig, logger: Logger): Promise<RunningService> {
  const { readSettings } = config;
  const clickhouse = openClickHouse({ ...config.clickhouse, readSettings, sharesReads: true, currentSignal });
  const admission = new Admission(config.maxRunning, config.maxWaiting);
  const metrics = new QueryMetrics(admission, logger);
  const cache = openCache(config, logger);
  const demangler = new Demangler(() => {
    logger.warn('A C++ or Rust name takes too long to demangle and is shown as it is.');
  });
  const dictionary = new ClickHouseStackDictionary(clickhouse, demangler);
  const trees = new TreeThread((error) => {
    logger.error(
      { err: error },
      'The thread that builds trees has ended; the next large tree starts another.',
    );
  });
  const answers = new CachedAnswers(new VersionBatches(clickhouse), cache, metrics);
  const resolver = new StackResolver(dictionary, config.stackCacheBytes, metrics);
  const merger = new ProfileMerger(new CachedMerge(clickhouse, answers), resolver);
  const queries = new StackQueries(clickhouse, merger);
  const parts = { merger, queries, trees, answers };
  const api = apiOf(new QueryInterceptor(admission, metrics), config, [
    clickhouse,
    queries,
    new Doctor(clickhouse, logger),
    new Flamegraphs(parts),
    new SingleProfiles(clickhouse, parts),
    new CachedTimelines(clickhouse, answers),
  ]);
  return startService({
    ...serviceOf(config, clickhouse),
    logger,
    metrics: metrics.registry,
    api,
    onClose: async () => {
      await demangler.close();
      await trees.close();
      cache?.close();
      await clickhouse.close();
    },
  });
}

/** How the service is reached, and what it waits for. */
function serviceOf(
  config: QueryConfig,
  clickhouse: ClickHouse,
): Omit<ServiceDefinition, 'logger' | 'metrics' | 'api'> {
  const asker: Asker = { tenant: config.tenant, maxRangeDays: config.maxRangeDays };
  return {
    host: config.host,
    allowedHosts: config.allowedHosts,
    port: config.port,
    authenticate: everyoneIs(asker),
    readinessChecks: [{ name: 'clickhouse', check: () => clickhouse.ping() }],
    prepare: () => migrate(clickhouse, { embedded: config.clickhouse.embedded }),
    configure: async (app) => {
      await app.register(compress, COMPRESSION);
      await serveDashboard(app, config.dashboardDir);
    },
  };
}

function openCache(config: QueryConfig, logger: Logger): RedisAnswerCache | undefined {
  if (config.cacheBytes === 0) return undefined;
  const { url, database } = config.clickhouse;
  const namespace = createHash('sha256').update(`${url} ${database}`).digest('base64url').slice(0, 12);
  return new RedisAnswerCache({ url: config.redisUrl, maxBytes: config.cacheBytes, namespace }, logger);
}
