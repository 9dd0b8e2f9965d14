import { type ClickHouse, type RollupOptions, type RollupRun, runRollups } from '@everflame/storage';
import { Rollups } from '../application/ports.ts';

export class ClickHouseRollups extends Rollups {
  readonly #clickhouse: ClickHouse;
  readonly #options: RollupOptions;

  constructor(clickhouse: ClickHouse, options: RollupOptions) {
    super();
    this.#clickhouse = clickhouse;
    this.#options = options;
  }

  run(signal: AbortSignal): Promise<RollupRun> {
    return runRollups(this.#clickhouse, this.#options, signal);
  }
}
