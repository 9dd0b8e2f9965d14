import { AsyncResource } from 'node:async_hooks';
import { type ClickHouse, type ProfileFilter, type RangeVersion, rangeVersions } from '@everflame/storage';

const MAX_FILTERS = 64;

interface Waiting {
  readonly filter: ProfileFilter;
  readonly resolve: (version: RangeVersion) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks what changed last in ranges: for one that comes alone at once, for those that come while an answer is awaited
 * with one statement when it is there. Many people at a time then cost little more than one.
 */
export class VersionBatches {
  readonly #clickhouse: ClickHouse;
  readonly #waiting: Waiting[] = [];
  #isAsking = false;
  /** Outside of the request that happens to ask first: the others want their answer even when its client leaves. */
  readonly #start = AsyncResource.bind(() => void this.#askAll());

  constructor(clickhouse: ClickHouse) {
    this.#clickhouse = clickhouse;
  }

  /** As of now or later: a statement that already runs is not waited for its own answer. */
  versionOf(filter: ProfileFilter): Promise<RangeVersion> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ filter, resolve, reject });
      if (this.#isAsking) return;
      this.#isAsking = true;
      // What asks in the same turn, such as both sides of a comparison, is in the first statement too.
      setImmediate(this.#start);
    });
  }

  async #askAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_FILTERS);
      try {
        const versions = await rangeVersions(
          this.#clickhouse,
          batch.map(({ filter }) => filter),
        );
        versions.forEach((version, index) => batch[index]?.resolve(version));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isAsking = false;
  }
}
