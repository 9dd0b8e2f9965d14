import { setTimeout as sleep } from 'node:timers/promises';
import { type SeededRandom, waitFor } from '@everflame/testkit';
import type { DurabilityStack, Ingest } from './stack.ts';

export interface KillCounts {
  readonly clickhouseKills: number;
  readonly ingestKills: number;
}

export interface KillOptions extends KillCounts {
  readonly random: SeededRandom;
}

/** ClickHouse is killed at some moment of this time after ingest began to send it rows. */
const INSERTING_MS = 500;
const BETWEEN_INGEST_KILLS_MS = 1500;
const PATIENCE_MS = 120_000;

/** kill -9 of ClickHouse while it takes inserts, and of ingest at any moment in between; all run again afterwards. */
export class KillPlan {
  readonly done = { clickhouseKills: 0, ingestKills: 0 };
  readonly #stack: DurabilityStack;
  readonly #ingests: readonly Ingest[];
  readonly #options: KillOptions;

  constructor(stack: DurabilityStack, ingests: readonly Ingest[], options: KillOptions) {
    this.#stack = stack;
    this.#ingests = ingests;
    this.#options = options;
  }

  /** Resolves when everything was killed as often as it should be and is ready. Needs load on every ingest process. */
  async run(): Promise<void> {
    await Promise.all([this.#killClickHouse(), this.#killIngest()]);
  }

  async #killClickHouse(): Promise<void> {
    const { clickhouse, proxy } = this.#stack;
    while (this.done.clickhouseKills < this.#options.clickhouseKills) {
      const before = proxy.bytesToTarget;
      await waitFor(() => proxy.bytesToTarget > before, {
        what: 'ingest to send rows',
        timeoutMs: PATIENCE_MS,
        intervalMs: 1,
      });
      await sleep(this.#options.random.below(INSERTING_MS));
      await clickhouse.kill();
      this.done.clickhouseKills += 1;
      await clickhouse.start();
    }
  }

  async #killIngest(): Promise<void> {
    const { clickhouseKills, ingestKills } = this.#options;
    // Spread over the kills of ClickHouse: without ingest it takes no inserts.
    const isDue = (): boolean =>
      this.done.clickhouseKills * ingestKills >= this.done.ingestKills * clickhouseKills;
    while (this.done.ingestKills < ingestKills) {
      await waitFor(isDue, { what: 'ClickHouse to be killed in between', timeoutMs: PATIENCE_MS });
      await sleep(this.#options.random.below(BETWEEN_INGEST_KILLS_MS));
      const { process } = this.#options.random.pick(this.#ingests);
      await process.ready();
      await process.kill();
      this.done.ingestKills += 1;
      process.launch();
    }
    await Promise.all(this.#ingests.map(({ process }) => process.ready()));
  }
}
