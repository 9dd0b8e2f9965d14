import { type Logger, type Registry, Repeating, stopwatch, systemClock } from '@everflame/service-kit';
import {
  type ClickHouse,
  type ClickHouseOptions,
  openClickHouse,
  type RollupOptions,
  runRollups,
} from '@everflame/storage';
import type { ModuleMetadata } from '@nestjs/common';
import { DeletionController } from './deletion.controller.ts';
import { Deletions } from './deletions.ts';
import { runRollupJob } from './rollup-job.ts';
import { rollupMetrics } from './rollup-metrics.ts';

/** A statement that deletes has to look at every row of its range. */
const DELETION_TIMEOUT_MS = 15 * 60_000;

export interface HousekeepingParts {
  readonly clickhouse: ClickHouse;
  /** How `clickhouse` was opened. */
  readonly options: ClickHouseOptions;
  /** Brings the tables up to date; called before each job until it has succeeded once. */
  readonly prepare: () => Promise<void>;
  readonly rollup: RollupOptions & { readonly everyMs: number };
  readonly metrics: Registry;
  readonly logger: Logger;
}

/**
 * What keeps stored profiles in order: rolls them up by itself (what fails is tried again an interval later), and deletes
 * those that it is asked to delete.
 */
export class Housekeeping {
  /** Answers requests to delete. */
  readonly api: ModuleMetadata;
  readonly #parts: HousekeepingParts;
  readonly #metrics: ReturnType<typeof rollupMetrics>;
  readonly #rollingUp: Repeating;
  readonly #forDeletions: ClickHouse;
  #isPrepared = false;

  /** Starts to roll up. */
  constructor(parts: HousekeepingParts) {
    const { metrics, logger } = parts;
    this.#parts = parts;
    this.#forDeletions = openClickHouse({ ...parts.options, requestTimeoutMs: DELETION_TIMEOUT_MS });
    const deletions = new Deletions(this.#forDeletions, systemClock, logger);
    this.api = {
      controllers: [DeletionController],
      providers: [{ provide: Deletions, useValue: deletions }],
    };
    this.#metrics = rollupMetrics(metrics);
    this.#rollingUp = new Repeating((signal) => this.#rollUp(signal));
  }

  /** Resolves when the running job has ended, which it does after the bucket that it is at. */
  async stop(): Promise<void> {
    await this.#rollingUp.stop();
    await this.#forDeletions.close();
  }

  async #rollUp(signal: AbortSignal): Promise<number> {
    const startedAt = stopwatch.now();
    const { clickhouse, rollup, logger } = this.#parts;
    const rollUp = (until: AbortSignal) => runRollups(clickhouse, rollup, until);
    const stop = this.#metrics.seconds.startTimer();
    try {
      if (!this.#isPrepared) await this.#parts.prepare();
      this.#isPrepared = true;
      this.#metrics.count(await runRollupJob({ rollUp, clock: stopwatch, logger }, signal));
    } catch (error) {
      this.#metrics.failures.inc();
      logger.warn({ err: error }, 'rollup failed');
    } finally {
      stop();
    }
    return Math.max(0, startedAt + rollup.everyMs - stopwatch.now());
  }
}
