import {
  ConfigFileWatch,
  everyoneIs,
  type Logger,
  type RunningService,
  startService,
} from '@everflame/service-kit';
import { migrate, openClickHouse } from '@everflame/storage';
import { AlerterMetrics } from './adapters/metrics.ts';
import { AlerterEngine } from './alerter-engine.ts';
import { AlertingController } from './api/alerting.controller.ts';
import type { AlerterConfig } from './config.ts';
import type { Notifiers } from './notifiers/notifier.ts';
import { openNotifiers } from './notifiers/notifiers.ts';

/**
 * Starts the alerter: answers its API, and schedules the rules once the schema is up to date. ClickHouse and Redis may
 * come later.
 */
export async function createAlerter(
  config: AlerterConfig,
  logger: Logger,
  notifiers: Notifiers = openNotifiers(config),
): Promise<RunningService> {
  const metrics = new AlerterMetrics();
  const file = new ConfigFileWatch(config.everflameFile, metrics.registry, logger);
  const clickhouse = openClickHouse(config.clickhouse);
  const engine = new AlerterEngine(config, { clickhouse, notifiers, metrics, logger });
  const close = async (): Promise<void> => {
    file.stop();
    await engine.close();
    await clickhouse.close();
  };
  try {
    file.follow((content) => engine.useFile(content));
    return await startService({
      logger,
      metrics: metrics.registry,
      host: config.host,
      allowedHosts: config.allowedHosts,
      port: config.port,
      api: {
        controllers: [AlertingController],
        providers: [{ provide: AlerterEngine, useValue: engine }],
      },
      readinessChecks: [
        { name: 'clickhouse', check: () => clickhouse.ping() },
        { name: 'redis', check: () => engine.redis.ping() },
        { name: 'schedule', check: () => engine.checkSchedule() },
        file.check,
      ],
      authenticate: everyoneIs({ tenant: config.tenant }),
      prepare: async (signal) => {
        await migrate(clickhouse, { embedded: config.clickhouse.embedded });
        signal.throwIfAborted();
        await engine.upgradeDocuments();
        signal.throwIfAborted();
        engine.start();
      },
      onClose: close,
    });
  } catch (error) {
    await close();
    throw error;
  }
}
