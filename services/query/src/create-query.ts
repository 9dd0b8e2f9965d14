import { createHash } from 'node:crypto';
import compress from '@fastify/compress';
import {
  createMetrics,
  type Logger,
  type RunningService,
  startService,
  systemClock,
} from '@everflame/service-kit';
import { type ClickHouse, type ClickHouseOptions, migrate, openClickHouse } from '@everflame/storage';
import { ClickHouseStackDictionary } from './adapters/clickhouse-stack-dictionary.ts';
import { COMPRESSION } from './adapters/http/compression.ts';
import { Demangler } from './adapters/demangler.ts';
import { DemanglingDictionary } from './adapters/demangling-dictionary.ts';
import { QueryContexts } from './adapters/http/context.ts';
import { serveDashboard } from './adapters/http/dashboard.ts';
import { ClosedReads } from './application/cache/cached-answers.ts';
import { Deletions } from './application/answers/deletions.ts';
import { currentSignal } from './adapters/http/query.interceptor.ts';
import { RedisAnswerCache } from './adapters/redis-answer-cache.ts';
import { UnresolvedReport } from './adapters/unresolved-report.ts';
import { TreeThread } from './adapters/tree-thread.ts';
import { Doctor } from './application/answers/doctor.ts';
import { Admission } from './application/admission.ts';
import { Discovery } from './application/answers/discovery.ts';
import { Explanations } from './application/answers/explanations.ts';
import { Flamegraphs } from './application/answers/flamegraphs.ts';
import { Heatmaps } from './application/answers/heatmaps.ts';
import { ProfileMerger } from './application/stacks/merge-profiles.ts';
import { KeptTrees } from './application/trees/tree-cache.ts';
import { MergeReads } from './application/cache/cached-merge.ts';
import { Sandwiches } from './application/answers/sandwiches.ts';
import { SingleProfiles } from './application/answers/single-profiles.ts';
import type { StackDictionary } from './application/stacks/stack-dictionary.ts';
import { StackQueries } from './application/stacks/stack-queries.ts';
import { StackResolver } from './application/stacks/stack-resolver.ts';
import { TimelineReads } from './application/cache/cached-timelines.ts';
import { Timelines } from './application/answers/timelines.ts';
import { InlineTreeMaker, type TreeMaker } from './application/trees/tree-maker.ts';
import { TopTables } from './application/answers/top-tables.ts';
import type { QueryConfig } from './config.ts';
import { QueryModule } from './query.module.ts';

/** A statement that deletes has to look at every row of the range. */
const DELETION_TIMEOUT_MS = 15 * 60_000;

type ReadSettings = NonNullable<ClickHouseOptions['readSettings']>;

/** Starts the query service: the read API and the dashboard. ClickHouse may come later. */
export async function createQuery(config: QueryConfig, logger: Logger): Promise<RunningService> {
  const clickhouse = openForReads(config);
  const forDeletions = openClickHouse({ ...config.clickhouse, requestTimeoutMs: DELETION_TIMEOUT_MS });
  const demangler = startDemangler(logger);
  const metrics = createMetrics('everflame-query');
  const dictionary = new DemanglingDictionary(new ClickHouseStackDictionary(clickhouse), demangler);
  const resolver = openResolver(dictionary, config, new UnresolvedReport(metrics, logger));
  const trees = startTreeThread(logger);
  const reads = new ClosedReads(clickhouse, openCache(config, logger));
  const kept = new KeptTrees(reads);
  const queries = new StackQueries(clickhouse, new ProfileMerger(new MergeReads(reads), resolver));
  const module = QueryModule.forParts({
    admission: new Admission(config.maxRunning, config.maxWaiting),
    contexts: new QueryContexts(systemClock, config.tenant, config.maxRangeDays),
    deletions: new Deletions(forDeletions, logger),
    doctor: new Doctor(clickhouse, logger),
    discovery: new Discovery(clickhouse),
    flamegraphs: new Flamegraphs(queries, trees, kept),
    explanations: new Explanations(clickhouse, queries),
    heatmaps: new Heatmaps(clickhouse),
    profiles: new SingleProfiles(reads, resolver, trees, kept),
    sandwiches: new Sandwiches(queries),
    timelines: new Timelines(new TimelineReads(reads)),
    topTables: new TopTables(queries),
    neighbours: config,
  });
  return startService({
    logger,
    metrics,
    host: config.host,
    allowedHosts: config.allowedHosts,
    port: config.port,
    modules: [module],
    readinessChecks: [{ name: 'clickhouse', check: () => clickhouse.ping() }],
    prepare: () => migrate(clickhouse, { embedded: config.clickhouse.embedded }),
    configure: async (app) => {
      await app.register(compress, COMPRESSION);
      await serveDashboard(app, config.dashboardDir);
    },
    onClose: async () => {
      await demangler?.close();
      await trees.close();
      await clickhouse.close();
      await forDeletions.close();
    },
  });
}

function openForReads({ clickhouse, budget }: QueryConfig): ClickHouse {
  const readSettings = readSettingsOf(budget);
  return openClickHouse({ ...clickhouse, readSettings, sharesReads: true, currentSignal });
}

function openResolver(
  dictionary: StackDictionary,
  { stackCacheBytes }: QueryConfig,
  report: UnresolvedReport,
): StackResolver {
  return new StackResolver(dictionary, stackCacheBytes, { onUnresolved: (stacks) => report.add(stacks) });
}

/** What one statement may use before it is stopped with `query_too_expensive`. */
function readSettingsOf(budget: QueryConfig['budget']): ReadSettings {
  return {
    max_rows_to_read: String(budget.readRows),
    max_bytes_to_read: String(budget.readBytes),
    max_memory_usage: String(budget.memoryBytes),
    max_result_rows: String(budget.resultRows),
    max_result_bytes: String(budget.resultBytes),
  };
}

function openCache(config: QueryConfig, logger: Logger): RedisAnswerCache | undefined {
  if (config.cacheBytes === 0) return undefined;
  const { url, database } = config.clickhouse;
  const scope = createHash('sha256').update(`${url} ${database}`).digest('base64url').slice(0, 12);
  return new RedisAnswerCache({ url: config.redisUrl, maxBytes: config.cacheBytes, scope }, logger);
}

/** Whether this is source: Node runs no TypeScript, so there is no file that a thread could run. */
const IS_SOURCE = import.meta.url.endsWith('.ts');

function startTreeThread(logger: Logger): TreeMaker {
  if (IS_SOURCE) return new InlineTreeMaker();
  return new TreeThread(new URL('tree.worker.js', import.meta.url), (error) => {
    logger.error(
      { err: error },
      'The thread that builds trees has ended; the next large tree starts another.',
    );
  });
}

function startDemangler(logger: Logger): Demangler | undefined {
  if (IS_SOURCE) return undefined;
  return new Demangler(new URL('demangle.worker.js', import.meta.url), () => {
    logger.warn('A C++ or Rust name takes too long to demangle and is shown as it is.');
  });
}
