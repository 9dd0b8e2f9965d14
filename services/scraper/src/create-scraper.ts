import {
  ConfigFileWatch,
  everyoneIs,
  type Logger,
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
import { TargetsController } from './adapters/targets.controller.ts';
import { ProfilePreparer } from './application/prepare-profile.ts';
import { ScrapeDispatcher } from './application/scrape-dispatcher.ts';
import { ScrapeManager } from './application/scrape-manager.ts';
import { TargetScraper } from './application/scrape-target.ts';
import { StatusBoard } from './application/status-board.ts';
import { TargetSet } from './application/target-set.ts';
import type { ScraperConfig } from './config.ts';
import { discoveredPools } from './discovery/discovered-pools.ts';

/** Starts the scraper. Throws `InvalidConfigError`; Redis and ingest may come later. */
export async function createScraper(config: ScraperConfig, logger: Logger): Promise<RunningService> {
  const principal = { tenant: config.tenant };
  const metrics = new ScraperMetrics();
  const file = new ConfigFileWatch(config.configFile, metrics.registry, logger);
  const parts = assemble(config, metrics, logger);
  const { redis, sink, ownership, schedule, dispatcher, manager } = parts;
  const close = async (): Promise<void> => {
    file.stop();
    manager.stop();
    parts.scraper.stop();
    await redis.within(ownership.leave());
    await redis.within(schedule.close());
    await dispatcher.drain();
    sink.close();
    redis.close();
  };
  try {
    file.follow(({ scrape_configs }) =>
      manager.apply(discoveredPools(principal, scrape_configs, config.selfTargets)),
    );
    const service = await startService({
      logger,
      metrics: metrics.registry,
      host: config.host,
      allowedHosts: config.allowedHosts,
      port: config.port,
      api: {
        controllers: [TargetsController],
        providers: [{ provide: StatusBoard, useValue: parts.board }],
      },
      readinessChecks: [
        { name: 'redis', check: () => redis.ping() },
        { name: 'ingest', check: () => sink.checkReady() },
        file.check,
      ],
      authenticate: everyoneIs(principal),
      onClose: close,
    });
    ownership.join((targetId) => dispatcher.onHandedOver(targetId));
    schedule.start();
    return service;
  } catch (error) {
    await close();
    throw error;
  }
}

function assemble(config: ScraperConfig, metrics: ScraperMetrics, logger: Logger) {
  const { concurrency, limits, queuePrefix } = config;
  const targets = new TargetSet();
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
  });
  targets.onChange(({ added, removed, changed, gone }) => {
    for (const { target, profiles } of gone) scraper.forget(target, profiles);
    metrics.targets.set(targets.size);
    logger.info({ targets: targets.size, added, removed, changed }, 'the targets have changed');
  });
  const manager = new ScrapeManager(targets);
  const dispatcher = new ScrapeDispatcher({ targets, ownership, scraper, concurrency, logger });
  const schedule = new ScrapeSchedule({
    redis: redis.openWaiting(),
    prefix: queuePrefix,
    concurrency,
    targets,
    logger,
    onDue: (targetId) => dispatcher.onDue(targetId),
  });
  return { board, sink, redis, ownership, scraper, manager, dispatcher, schedule };
}
