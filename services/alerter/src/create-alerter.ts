import { randomUUID } from 'node:crypto';
import {
  type Logger,
  readEverflameFile,
  type RunningService,
  startService,
  systemClock,
} from '@everflame/service-kit';
import { migrate, openClickHouse } from '@everflame/storage';
import { ClickHouseRuleStore } from './adapters/clickhouse-rule-store.ts';
import { AlerterEngine } from './alerter-engine.ts';
import { AlerterModule } from './alerter.module.ts';
import { RuleCatalog } from './application/rule-catalog.ts';
import type { AlerterConfig } from './config.ts';

/**
 * Starts the alerter: answers the rules and alerts API, and schedules the rules once the schema is up to date. ClickHouse
 * and Redis may come later.
 */
export async function createAlerter(config: AlerterConfig, logger: Logger): Promise<RunningService> {
  const { everflameFile } = config;
  const fileRules = everflameFile === undefined ? [] : readEverflameFile(everflameFile).rules;
  const clickhouse = openClickHouse(config.clickhouse);
  const store = new ClickHouseRuleStore(clickhouse, config.tenant);
  const catalog = new RuleCatalog(fileRules, store, systemClock, randomUUID);
  const engine = new AlerterEngine(config, clickhouse, catalog, logger);
  const close = async (): Promise<void> => {
    await engine.close();
    await clickhouse.close();
  };
  try {
    return await startService({
      logger,
      metrics: engine.metrics.registry,
      host: config.host,
      allowedHosts: config.allowedHosts,
      port: config.port,
      modules: [AlerterModule.forParts(engine)],
      readinessChecks: [
        { name: 'clickhouse', check: () => clickhouse.ping() },
        { name: 'redis', check: () => engine.checkRedis() },
        { name: 'schedule', check: () => engine.checkSchedule() },
      ],
      prepare: async (signal) => {
        await migrate(clickhouse, { embedded: config.clickhouse.embedded });
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
