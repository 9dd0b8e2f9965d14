import { randomInt } from 'node:crypto';
import { createRequire } from 'node:module';
import {
  ConfigFileWatch,
  type Logger,
  type ReadinessCheck,
  type RunningService,
  systemClock,
  watchGauge,
} from '@everflame/service-kit';
import { type ClickHouse, migrate, openClickHouse } from '@everflame/storage';
import { clickhouseProfileStore } from './adapters/clickhouse-profile-store.ts';
import { FlattenPool } from './adapters/flatten-pool.ts';
import { IngestMetrics } from './adapters/metrics.ts';
import { SpoolFolder } from './adapters/spool-folder.ts';
import { SpoolMetrics } from './application/spool/spool-metrics.ts';
import { FirstArrivals } from './application/first-arrivals.ts';
import { limitsFor } from './application/limits/limit-settings.ts';
import { seriesBudgetMemory } from './application/limits/series-budget.ts';
import { ProfileReceiver } from './application/receive-profile.ts';
import { appendRowRecord, senderOfRecord } from './application/record/row-record.ts';
import { openSpool, type Spool } from './application/spool/spool.ts';
import type { IngestConfig } from './config.ts';
import { Housekeeping } from './housekeeping/housekeeping.ts';
import { startTransports } from './push/start-transports.ts';

/** A profile that takes longer to flatten is refused, and its thread ended. */
const FLATTEN_TIMES = { maxCpuMs: 10_000, maxWaitMs: 120_000 };
const PING_WAIT_MS = 1500;

/** Makes the parts of ingest and starts them: the spool, the threads, housekeeping, then HTTP and gRPC. */
export async function createIngest(config: IngestConfig, logger: Logger): Promise<RunningService> {
  const metrics = new IngestMetrics();
  const file = new ConfigFileWatch(config.configFile, metrics.registry, logger);
  const clickhouse = openClickHouse(config.clickhouse);
  const prepare = (): Promise<void> => migrate(clickhouse, { embedded: config.clickhouse.embedded });
  const files = await SpoolFolder.open(config.spool.folder);
  const spool = await startSpool(config, { files, clickhouse, prepare, metrics, logger });
  const flattening = await startFlattening(config, metrics, logger);
  file.follow(({ retention }) => {
    const rules = retention.map(({ match, days, rollup_days }) => ({ match, days, rollupDays: rollup_days }));
    flattening.useRetention({ rules, fallback: config.retention });
  });
  const arrivals = await FirstArrivals.open(files, logger);
  const { limits, rollup } = config;
  const shared = { limits, arrivals, clock: systemClock, observer: metrics };
  const receiver = new ProfileReceiver({ flattening, sink: spool, ...shared });
  const help = 'Bytes of profiles that were received and are not yet durable.';
  watchGauge(metrics.registry, 'everflame_ingest_pending_bytes', help, () => receiver.pendingBytes);
  const options = { options: config.clickhouse, rollup, metrics: metrics.registry };
  const housekeeping = new Housekeeping({ clickhouse, prepare, logger, ...options });
  return startTransports(config, logger, {
    receiver,
    metrics,
    api: housekeeping.api,
    readinessChecks: [...readinessChecks(spool, clickhouse), file.check],
    onClose: async () => {
      file.stop();
      await housekeeping.stop();
      await flattening.close();
      await arrivals.close();
      await spool.close();
      await clickhouse.close();
    },
  });
}

interface SpoolParts {
  readonly files: SpoolFolder;
  readonly clickhouse: ClickHouse;
  readonly prepare: () => Promise<void>;
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
}

async function startSpool(
  { spool: settings, limits }: IngestConfig,
  { files, clickhouse, prepare, metrics, logger }: SpoolParts,
): Promise<Spool> {
  const observer = new SpoolMetrics(metrics.registry);
  const spool = await openSpool({
    files,
    store: clickhouseProfileStore(clickhouse),
    appendRecord: appendRowRecord,
    senderOf: senderOfRecord,
    prepare,
    settings: { ...settings, maxQueuedBytes: limits.pendingBytes },
    observer,
    logger,
  });
  observer.watch(spool);
  return spool;
}

function startFlattening(
  { limits, workers }: IngestConfig,
  metrics: IngestMetrics,
  logger: Logger,
): Promise<FlattenPool> {
  const budget = seriesBudgetMemory(limits, randomInt(2 ** 32));
  return FlattenPool.start(
    {
      body: createRequire(import.meta.url).resolve('@everflame/ingest/flatten.worker'),
      threads: workers,
      settings: { limits: limitsFor('flatten', limits), budget },
      times: FLATTEN_TIMES,
      onLost: () => metrics.lostThreads.inc(),
    },
    logger,
  );
}

function readinessChecks(spool: Spool, clickhouse: ClickHouse): ReadinessCheck[] {
  return [
    { name: 'spool', check: () => checkSpool(spool) },
    { name: 'quarantine', check: async () => remarkOnQuarantine(spool) },
    { name: 'clickhouse', check: () => remarkOn(clickhouse) },
  ];
}

async function checkSpool(spool: Spool): Promise<string | void> {
  if (spool.failure !== '') throw new Error(spool.failure);
  const { insertFailure, segmentsWaiting } = spool.level;
  if (insertFailure !== '')
    return `ok, but inserting fails (${insertFailure}): ${segmentsWaiting} segments wait`;
}

/** What is set aside waits for an operator, who has to hear of it; pushes are taken as ever. */
function remarkOnQuarantine({ level }: Spool): string | void {
  const { quarantineBytes, quarantineBudgetBytes } = level;
  if (quarantineBytes > 0)
    return `ok, but ${quarantineBytes} of ${quarantineBudgetBytes} bytes are set aside; see docs/runbook.md#quarantine`;
}

/** While ClickHouse is away pushes are still taken, so the service stays ready. */
async function remarkOn(clickhouse: ClickHouse): Promise<string | void> {
  const late = new Promise<string>((resolve) =>
    setTimeout(resolve, PING_WAIT_MS, 'does not answer; pushes are taken into the spool').unref(),
  );
  const pinged = clickhouse.ping().catch(() => 'is away; pushes are taken into the spool');
  return Promise.race([pinged, late]);
}
