import type { Provider } from './ports.ts';
import { type ScrapePool, type TargetGroup, targetsOf } from './scrape-pool.ts';
import type { TargetSet } from './target-set.ts';

/** A pool, and what finds its targets. */
export interface DiscoveredPool {
  readonly pool: ScrapePool;
  /** By the key of a scrape config that asks for each, such as static_configs. */
  readonly providers: Readonly<Record<string, Provider>>;
}

interface Discovery {
  readonly pool: ScrapePool;
  groups: readonly TargetGroup[];
}

/** Keeps the targets in agreement with the pools, and with what the providers of each find. */
export class ScrapeManager {
  readonly #targets: TargetSet;
  #discoveries: ReadonlyMap<string, Discovery> = new Map();
  #stop = new AbortController();

  constructor(targets: TargetSet) {
    this.#targets = targets;
  }

  /** Makes these the pools. What was found for one of that name before counts until its providers have found again. */
  apply(pools: readonly DiscoveredPool[]): void {
    this.stop();
    const { signal } = (this.#stop = new AbortController());
    const before = this.#discoveries;
    const discoveries = new Map<string, Discovery>();
    for (const { pool, providers } of pools) {
      for (const [kind, provide] of Object.entries(providers)) {
        const source = `${pool.name}/${kind}`;
        const discovery = { pool, groups: before.get(source)?.groups ?? [] };
        discoveries.set(source, discovery);
        provide((groups) => this.#found(discovery, groups), signal);
      }
    }
    this.#discoveries = discoveries;
    this.#sync();
  }

  /** Finds no more. */
  stop(): void {
    this.#stop.abort();
  }

  #found(discovery: Discovery, groups: readonly TargetGroup[]): void {
    discovery.groups = groups;
    const isOfNow = [...this.#discoveries.values()].includes(discovery);
    if (isOfNow) this.#sync();
  }

  #sync(): void {
    this.#targets.sync(
      [...this.#discoveries.values()].flatMap(({ pool, groups }) => targetsOf(pool, groups)),
    );
  }
}
