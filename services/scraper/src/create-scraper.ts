import {
  InvalidConfigError,
  type Logger,
  readEverflameFile,
  type RunningService,
  startService,
  systemClock,
} from '@everflame/service-kit';
import { RedisConnections } from '@everflame/service-kit/redis';
import { HttpProfileFetcher } from './adapters/http-profile-fetcher.ts';
import { IngestPushStream } from './adapters/ingest-push-stream.ts';
import { ScraperMetrics } from './adapters/metrics.ts';
import { RedisOwnership } from './adapters/redis-ownership.ts';
import { ScrapeSchedule } from './adapters/scrape-schedule.ts';
import { ProfilePreparer } from './application/prepare-profile.ts';
import { ScrapeDispatcher } from './application/scrape-dispatcher.ts';
import { TargetScraper } from './application/scrape-target.ts';
import { StatusBoard } from './application/status-board.ts';
import { type TargetSet, targetsOf } from './application/targets.ts';
import type { ScraperConfig } from './config.ts';
import { ScraperModule } from './scraper.module.ts';

/** Starts the scraper. Throws `InvalidConfigError`; Redis and ingest may come later. */
export async function createScraper(config: ScraperConfig, logger: Logger): Promise<RunningService> {
  const parts = assemble(config, readTargets(config), logger);
  const { redis, sink, ownership, schedule, dispatcher } = parts;
  const close = async (): Promise<void> => {
    parts.stop.abort(new Error('the scraper is stopping'));
    await redis.within(ownership.leave());
    await redis.within(schedule.close());
    await dispatcher.drain();
    sink.close();
    redis.close();
  };
  try {
    const service = await startService({
      logger,
      metrics: parts.metrics.registry,
      host: config.host,
      allowedHosts: config.allowedHosts,
      port: config.port,
      modules: [ScraperModule.forBoard(parts.board)],
      readinessChecks: [
        { name: 'redis', check: () => redis.ping() },
        { name: 'ingest', check: () => sink.checkReady() },
      ],
      onClose: close,
    });
    ownership.join((targetId) => dispatcher.onHandedOver(targetId));
    schedule.start();
    logger.info({ targets: parts.targets.size }, 'scraping');
    return service;
  } catch (error) {
    await close();
    throw error;
  }
}

function assemble(config: ScraperConfig, targets: TargetSet, logger: Logger) {
  const { concurrency, limits, queuePrefix } = config;
  const stop = new AbortController();
  const metrics = new ScraperMetrics();
  metrics.targets.set(targets.size);
  const board = new StatusBoard(targets);
  const sink = new IngestPushStream(config.ingestAddress);
  const redis = new RedisConnections(
    { url: config.redisUrl, whileAway: 'nothing is scraped until it does' },
    logger,
  );
  const ownership = new RedisOwnership(redis, queuePrefix, logger);
  const scraper = new TargetScraper({
    fetcher: new HttpProfileFetcher(limits.bodyBytes),
    preparer: new ProfilePreparer(limits.decompressedBytes, metrics),
    sink,
    board,
    observer: metrics,
    clock: systemClock,
    logger,
    signal: stop.signal,
  });
  const dispatcher = new ScrapeDispatcher({ targets, ownership, scraper, concurrency, logger });
  const schedule = new ScrapeSchedule({
    redis: redis.openWaiting(),
    prefix: queuePrefix,
    concurrency,
    targets,
    logger,
    onDue: (targetId) => dispatcher.onDue(targetId),
  });
  return { targets, stop, metrics, board, sink, redis, ownership, dispatcher, schedule };
}

function readTargets(config: ScraperConfig): TargetSet {
  const file = config.configFile === undefined ? undefined : readEverflameFile(config.configFile);
  const problems: string[] = [];
  const targets = targetsOf(
    file ?? { scrape_configs: [], rules: [], receivers: [], retention: [] },
    config.selfTargets,
    problems,
  );
  if (problems.length > 0) {
    throw new InvalidConfigError(problems.map((problem) => `${config.configFile ?? ''}: ${problem}`));
  }
  return targets;
}
